"""How residents change: pure kernels that take arrays and return arrays, to be read beside the equations of
docs/model.md.
"""

"""One file per lever, all of one small shape: see `base.Intervention`."""

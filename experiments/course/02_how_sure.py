# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 第二课 有多确定 · How sure is a forecast?
#
# **The question of this lesson 本课的问题.** A planner asks: *what does a quota of seats (配额席位) bring?* Somebody
# answers with a number. How sure is that number, what is it unsure of, and can one make it surer? You will take a
# forecast apart into what nobody knows (参数的不确定) and what nobody can know (偶然), see what a fair comparison is
# worth, and learn to score a forecast once the truth is out.
#
# As in the first lesson: **question 问题 → prediction 预测 → run 运行 → look 观察**, and the prediction is written
# down *before* the cell is run. The whole lesson runs in less than a minute.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress")  # a hint about progress bars, of no use here

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from consensus_sim import compare, load_community
from consensus_sim.catalogue import label_of, metric, parameter_label
from consensus_sim.report import styled

community = load_community("teaching")
RUNS = 60


def play(parameters, scenarios=("council",)):
    """`scenarios`, RUNS times each; `parameters`: where the model's numbers come from."""
    return compare(
        community, list(scenarios), replicates=RUNS, seed=1, workers=1, progress=False,
        overrides=[f"parameters={parameters}"],
    )  # fmt: skip


def values(forecast, name="reach_quarter"):
    """One metric of all adults: a row a replicate, a column a scenario."""
    table = forecast.tables["metrics"].query("metric == @name and group == 'all'")
    return table.pivot_table(index="replicate", columns="scenario", values="value", observed=True)


# %% [markdown]
# ## 1 两种不知道 · Two ways of not knowing
#
# The model has some 180 parameters (参数): how strongly a habit pulls, how soon a notice is forgotten. Few have been
# measured. Each has a *prior* (先验), a range with a source. So we can ask the model in three ways:
#
# - `centre`: every parameter in the middle of its range. What then differs from run to run is chance (偶然) alone.
# - `prior`: parameters drawn from their ranges as well.
# - `posterior` (后验): drawn from what is left of the ranges once the case study's twelve figures have had their say.
#
# **Prediction.** The share of adults who come in a quarter, *reach* (参与面): how much wider is the interval when
# nobody knows the parameters? And how much of that do twelve figures take back?

# %%
forecasts = {name: play(name) for name in ("centre", "prior")}
forecasts["posterior"] = play("posterior", ["council", "quota", "training"])
reach = {name: values(forecast)["council"] for name, forecast in forecasts.items()}
words = {"centre": "偶然 chance alone", "prior": "先验 prior", "posterior": "后验 posterior"}
spread = pd.DataFrame(
    {
        words[name]: {
            "中位 median": found.median(),
            "5 %": found.quantile(0.05),
            "95 %": found.quantile(0.95),
            "宽度 width": found.quantile(0.95) - found.quantile(0.05),
        }
        for name, found in reach.items()
    }
).T
display(spread.map(lambda value: f"{value:.1%}"))

with styled():
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    for place, found in enumerate(reach.values()):
        axes.plot(found, np.full(len(found), place) + np.linspace(-0.25, 0.25, len(found)), ".", alpha=0.5)
        axes.plot(found.quantile([0.05, 0.95]), [place, place], color="black", lw=2)
    axes.set_yticks(range(len(reach)), [words[name] for name in reach])
    axes.set(title="同一个情景，三种问法 · One scenario, asked in three ways", xlabel="参与面 reach, share of adults")
    plt.show()

# %% [markdown]
# **Look.** A forecast that runs a single parameter draw looks sure of itself because it does not know what it does
# not know (区间窄，不等于可靠). The figures of the case study take part of the width back, and move the middle;
# section 4 shows how much of either is Monte Carlo noise with some fifty parameter draws. The case study is another
# place than this one, so that for us even the posterior is an educated guess.
#
# ## 2 谁的错：参数还是偶然 · Whose fault: parameters or chance?
#
# Under `posterior` every replicate has a parameter draw of its own, but every tenth repeats the draw of the one
# before it and differs in random numbers alone. If two runs of a draw lie close together while the draws lie far
# apart, the parameters make the interval.
#
# **Prediction.** Below, every dot is a parameter draw that was run twice: its first run across, its second up; the
# small ticks are all runs. Will the dots lie along the diagonal or all over the place?

# %%
with styled():
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for axes, name in zip(panels, ("reach_quarter", "consensus_settled"), strict=True):
        runs = values(forecasts["posterior"], name)["council"]
        draws = forecasts["posterior"].study.draws()
        repeated = np.flatnonzero(np.diff(draws) == 0)
        first, second = (runs.reindex(repeated + later).values for later in (0, 1))
        both = pd.DataFrame({"first": first, "second": second}).dropna()
        axes.plot(both["first"], both["second"], "o", alpha=0.6)
        axes.plot(runs, np.full(len(runs), runs.min()), "|", color="grey")
        axes.axline((both["first"].mean(), both["first"].mean()), slope=1, color="grey", lw=1)
        axes.set(title=metric(name).label("zh"), xlabel="第一次 first run", ylabel="第二次 second run")
    plt.show()

split = forecasts["posterior"].variance().query("scenario == 'council' and reference == '' and group == 'all'")
split = split[split["metric"].isin(["reach_quarter", "attendance_council", "consensus_settled", "trust"])]
display(
    split.assign(metric=[f"{metric(m).label('zh')} {metric(m).label('en')}" for m in split["metric"]])[
        ["metric", "share_parameters", "low", "high"]
    ].round(2)
)

# %% [markdown]
# **Look.** Six parameter draws that were run twice show little, and the table says so: `share_parameters` is the part
# of the variance that parameters make, with its own 90 % interval, which is wide. (200 replicates have 20 such draws.)
# Where it is near one, better data would help, and more runs would not. Where it is near zero, even somebody who knew
# everything about the residents could not predict what *this* year will bring. A council that hears a handful of topics
# a year is a small sample of itself.
#
# ## 3 公平的比较 · A fair comparison
#
# What does the quota add, and what do workshops (培训)? Replicate 3 of `quota` has the same parameters and the same
# random draws as replicate 3 of `council` (common random numbers 共同随机数). So the question is put to the same
# residents, with the same luck.
#
# **Prediction.** How much larger would the spread of the difference be if the two were run independently? And for
# which of the two measures is the pairing worth more: the one that changes much, or the one that changes little?

# %%
both = values(forecasts["posterior"])


def differences(scenario):
    """Its difference to the council, replicate by replicate; and as if the two had been run independently."""
    other, council = both[scenario].values, both["council"].values
    mixed = [other - np.roll(council, shift) for shift in range(2, RUNS - 1)]  # never the same set
    return other - council, np.concatenate(mixed)


rows = {}
for scenario in ("quota", "training"):
    paired, mixed = differences(scenario)
    rows[scenario] = {
        "平均差异 mean difference": paired.mean(),
        "配对标准差 SD, paired": paired.std(),
        "不配对标准差 SD, independent": mixed.std(),
        "小了几倍 times smaller": mixed.std() / paired.std(),
    }
display(pd.DataFrame(rows).T.round(4))

with styled():
    figure, panels = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for axes, scenario, name in zip(panels, rows, ("配额 quota", "培训 training"), strict=True):
        paired, mixed = differences(scenario)
        bins = np.linspace(min(mixed.min(), paired.min()), max(mixed.max(), paired.max()), 30)
        grey = {"color": "#BBBBBB", "label": "不配对 independent"}
        red = {"color": "#D62728", "label": "配对 paired", "histtype": "step"}
        for drawn, style in ((mixed, grey), (paired, red)):
            axes.hist(drawn, bins, weights=np.full(len(drawn), 1 / len(drawn)), **style)
        axes.axvline(0, color="black", lw=1)
        axes.set(title=f"{name}：参与面之差 · difference in reach", xlabel="share of adults")
    panels[0].legend(frameon=False)
    plt.show()

# %% [markdown]
# **Look.** Means are the same, answers are not: what the pairing takes away is luck that both would have had alike. To
# get as far without it, one would need the *square* of that factor times as many runs. The less a measure changes,
# the more the two runs have in common, and the more the pairing is worth. Luckily: for it is the small effects that
# drown in luck.
#
# ## 4 多跑几次有什么用 · What more runs are good for
#
# Two numbers shrink and stay in different ways. The *interval* (区间) says how different single roll-outs turn out.
# The *Monte Carlo standard error* (MCSE, 蒙特卡洛误差) says how precisely this many runs estimate the mean.
#
# **Prediction.** From 10 to 60 replicates: what happens to either?

# %%
paired = both["quota"] - both["council"]
rows = {}
for number in (10, 20, 40, RUNS):
    some = paired[paired.index < number]
    sets = some.groupby(forecasts["posterior"].study.draws()[some.index]).mean()  # runs of a set are not independent
    rows[number] = {
        "区间宽度 width of the interval": some.quantile(0.95) - some.quantile(0.05),
        "蒙特卡洛误差 Monte Carlo error": sets.std() / np.sqrt(len(sets)),
    }
display(pd.DataFrame(rows).T.rename_axis("重复 replicates").round(4))

# %% [markdown]
# **Look.** In the long run four times as many runs halve the error, while the interval settles to its width and stays,
# for it is about the world and not about us. Ten replicates do not even know the interval.
# Asking for `replicates="auto"` with a `precision` adds runs until the errors are that small. No number of runs makes
# an interval honest if the parameters are not drawn.
#
# ## 5 数据说了什么 · What the data said
#
# Twelve figures met some 180 parameters. The ratio below is the spread of a parameter in the posterior over that in
# its prior: 1 means that the data said nothing about it.
#
# **Prediction.** For how many parameters are the data informative?

# %%
from consensus_sim.runs import read_behaviour
from consensus_sim.study import read_posterior

study = forecasts["posterior"].study
behaviour, sets = read_behaviour(study), read_posterior("case_study")
ratios = pd.Series(sets.spread_ratios(behaviour)).sort_values()
told = ratios[ratios < 0.9]
print(f"数据说了点什么的参数 parameters of which the data say something: {len(told)} / {len(ratios)}")
shown = told.rename(lambda name: f"{label_of('parameter', name, 'zh')} {label_of('parameter', name, 'en')}")
with pd.option_context("display.max_colwidth", None):
    display(shown.round(2).to_frame("后验/先验 ratio"))

with styled():
    figure, panels = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for axes, name in zip(panels, (told.index[0], "participation.trend"), strict=True):
        parameter = next(p for p in behaviour if p.name == f"behaviour.{name}")
        drawn = sets.values[:, sets.names.index(parameter.name)]
        bins = np.linspace(parameter.low, parameter.high, 16)
        axes.hist(parameter.at(np.linspace(0.001, 0.999, 999)), bins, density=True, color="#BBBBBB", label="先验 prior")
        after = {"color": "#D62728", "label": "后验 posterior", "histtype": "step"}
        axes.hist(drawn, bins, density=True, weights=sets.weights, **after)
        axes.set(title=parameter_label(name, "zh", lines=True))
    panels[1].legend(frameon=False)
    plt.show()

# %% [markdown]
# **Look.** This is what calibration (校准) on one case can do, and every report states it: where the data did not
# narrow a parameter, its range is judgement and literature, carried through to the forecast. The effects of measures
# that start together cannot be separated at all (G1), so packages (成套做法) are ranked, not single ingredients.
#
# ## 6 给预测打分 · Scoring a forecast
#
# Suppose the year is over and 12 % of adults came. Who forecast well? Not whoever was nearest, and not whoever held
# the truth in an interval from zero to a hundred. The *CRPS* (连续分级概率评分; Gneiting & Raftery 2007) weighs both:
# how far the whole forecast lies from what happened, in the unit of the figure, smaller is better. For a forecast of
# one number it is the plain distance.
#
# **Prediction.** Rank these five: chance alone, prior, posterior, "it stays at 5 %", and "anything from 0 to 100 %".

# %%
from scoringrules import crps_ensemble

observed = 0.12  # made up: type another
rivals = {words[name]: found.values for name, found in reach.items()}
rivals["保持 5 % stays at 5 %"] = np.array([0.05])
rivals["什么都可能 anything"] = np.linspace(0, 1, 201)
scores = {
    name: {
        "CRPS": float(crps_ensemble(observed, sample)),
        "在 90 % 区间内 inside": bool(np.quantile(sample, 0.05) <= observed <= np.quantile(sample, 0.95)),
    }
    for name, sample in rivals.items()
}
display(pd.DataFrame(scores).T.sort_values("CRPS"))

# %% [markdown]
# **Look.** Type other values for `observed` and run the cell again: when does being sure pay, and what does it cost
# when one is wrong? A forecast is judged over many figures, and only by figures that it was not fitted to:
# `consensus-sim experiment=validate targets=FILE` does this, marks the fitted ones, and says where a naive guess would
# have done as well.
#
# ## 7 练习 · Exercise
#
# 1. **Predict**: over 60 replicates, of which of the following differences `quota - council` does the interval in one
#    community (`q05`, `q95`) leave out zero, and of which that of the mean effect (`mean_q05`, `mean_q95`): reach,
#    attendance (议事会到场人数), topics settled (达成共识), the vulnerable's speaking (弱势群体发言)?
# 2. **Run** the next cell and compare. Then change `parameters` to `centre`. Which differences are "clear" now, and
#    would you say so to a planner?
# 3. **Explain** in three sentences what is sure, what is not, and whether more runs or better data would help.

# %%
answer = forecasts["posterior"].contrasts("council")
asked = ["reach_quarter", "attendance_council", "consensus_settled", "vulnerable_speaking"]
asked = answer.query("scenario == 'quota' and group == 'all' and metric in @asked")
display(asked[["metric", "difference", "mean_q05", "mean_q95", "p_mean_up", "q05", "q95", "p_up"]].round(3))

# %% [markdown]
# **Where to go on 下一步.** Figures of your own (自己的数字): `own_targets/observed.yaml` shows how to write them down
# (in `docs/examples`, or in FOLDER after `consensus-sim --examples FOLDER`). How far the case study's calibration may
# be trusted, with known truths found again (simulation-based calibration): `docs/calibration.md`.

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
# # 第一课 初识：一个星期，一次比较 · First look: one week, one comparison
#
# **The question of this lesson 本课的问题.** A neighbourhood (社区) is about to found a council where residents
# talk their own matters over (居民协商). *Who will come, who will speak, and will they agree?* You will run
# one week by hand, sit in on a meeting, and then ask the question as a planner would ask it: by comparison,
# before anything is rolled out.
#
# You need no more Python than reading it. Run the cells from top to bottom; each step goes **question 问题 →
# prediction 预测 → run 运行 → look 观察**. Write your prediction down *before* you run the cell. That is the
# only rule.
#
# To open this file as a notebook: `jupytext --to notebook 01_first_look.py`, or let Jupyter with jupytext open
# it as it is. The whole lesson runs in less than a minute.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress")  # a hint about progress bars, of no use here

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from consensus_sim import compare, load_community
from consensus_sim.catalogue import metric
from consensus_sim.report import styled

# %% [markdown]
# ## 1 住在这里的人 · Who lives here
#
# The teaching community (教学社区) is made up, and small enough to look everybody in the face: two estates
# (小区), a handful of buildings (楼栋). Administration divides the same people another way, into grids (网格)
# and micro-grids (微网格).
#
# **Prediction.** What share of the adults would you call *vulnerable* (弱势群体): aged 60 and over, or tenants,
# or on low income? A tenth, a quarter, a half?

# %%
community = load_community("teaching")
people, places = community.population, community.places
print(community)
print(
    f"{places.n_estates} estates 小区, {places.n_buildings} buildings 楼栋, {places.n_dwellings} dwellings 户, "
    f"{places.n_grids} grids 网格, {places.n_micro_grids} micro-grids 微网格"
)

adult = people.adult
shares = {
    "老人 elders (60+)": people.elder,
    "租户 tenants": people.tenant,
    "低收入 low income": people.low_income,
    "弱势群体 vulnerable: any of these": people.vulnerable,
    "上班 at work": people.employment == 2,
    "党员 Party members": people.party,
}
display(pd.Series({name: f"{column[adult].mean():.0%}" for name, column in shares.items()}, name="of adults"))

# %% [markdown]
# **Look.** The vulnerable are no small minority, because three groups add up. Keep the number in mind: a rule
# that gives them *a tenth* of the seats asks for much less than their share.
#
# Below, left: ages. Right: where people live, each dot a building. Nothing here was typed in person by person.
# A *spec* says how many and what shares, and households are put together so that they make sense (children live
# with parents).

# %%
with styled():
    figure, (ages, site) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    bins = np.arange(0, 96, 5)
    ages.hist(people.age[~people.tenant], bins, color="#4C78A8", label="业主家庭 owners")
    ages.hist(people.age[people.tenant], bins, color="#F58518", alpha=0.7, label="租户 tenants")
    ages.set(title="年龄 · Ages", xlabel="岁 years", ylabel="人 persons")
    ages.legend(frameon=False)
    persons = np.bincount(people.building, minlength=places.n_buildings)
    tenants = np.bincount(people.building[people.tenant], minlength=places.n_buildings) / persons
    east, north = places.building_x, places.building_y
    dots = site.scatter(east, north, s=persons * 4, c=tenants, cmap="Oranges", edgecolor="grey")
    venues = {"committee_office": "居委会 office", "parlour": "会客厅 parlour", "park": "公园 park"}
    for venue, (x, y) in places.venues.items():
        site.annotate(venues[venue], (x, y), xytext=(5, -9), textcoords="offset points", size=8)
        site.plot(x, y, "k^", ms=5)
    site.set(title="楼栋与场所 · Buildings and venues", xlabel="米 m", ylabel="米 m", aspect="equal")
    site.margins(0.25)
    figure.colorbar(dots, ax=site, label="租户比例 share of tenants", shrink=0.8)
    plt.show()

# %% [markdown]
# People know each other. The network (邻里网络) ties housemates, neighbours on the staircase (单元) and in the
# building, people of one micro-grid, of one interest, and online contacts. News travels along it, and so does
# the example of those who go.

# %%
degree = pd.Series(dict(community.graph.degree()))[adult]
print(f"ties of an adult 成年居民的联系数: {degree.mean():.1f} on average, from {degree.min()} to {degree.max()}")

# %% [markdown]
# ## 2 一位居民 · One resident
#
# Every resident carries a small sheet, all values from 0 to 1: **cognition 认知** (knows rights and duties),
# **skill 技能** (expression, listening, integration, procedure) and **behaviour 行为** (habit, initiative,
# follow-through), and besides them trust (信任), the sense that one's own voice counts (效能感), belonging
# (归属感) and fatigue (疲劳).
#
# We set up one run of the scenario `council`: the council as it was carried out in the case study's first
# half-year, with the secretary's tea (书记坝坝茶), a furnished parlour (睦邻会客厅) and lectures for its team.

# %%
from consensus_sim.runs import build_model
from consensus_sim.study import compose, read_study

study = read_study(compose(["community=teaching", "scenarios=[council]", "seed=1"]))


def new_run(replicate=0):
    """A fresh run of the scenario council before its first week; the same number gives the same random draws."""
    return build_model(community, study.scenario("council"), study, replicate)


model = new_run()
grown_up = [agent for agent in model.agents if agent.groups]
chosen = {
    "党员 a Party member": next(agent for agent in grown_up if agent.party),
    "租户 a tenant": next(agent for agent in grown_up if agent.tenant and not agent.party),
    "老人 an elder": next(agent for agent in grown_up if agent.age >= 70 and not agent.party),
}
sheet = ["age", "rights", "expression", "listening", "integration", "procedure", "initiative", "trust", "efficacy"]
display(pd.DataFrame({who: {name: getattr(agent, name) for name in sheet} for who, agent in chosen.items()}).round(2))

# %% [markdown]
# Three people prove nothing, so look at all adults. **Prediction:** is skill spread like height, most in the
# middle, or are there a few able ones and many who never spoke in a meeting?

# %%
with styled():
    figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
    expression = model.residents.column("expression")
    axes.hist(expression[adult], np.linspace(0, 1, 26), color="#BBBBBB", label="全体成年居民 all adults")
    axes.hist(expression[adult & people.party], np.linspace(0, 1, 26), color="#D62728", label="党员 Party members")
    axes.set(title="表达能力的起点 · Skill of expression at the start", xlabel="0–1", ylabel="人 persons")
    axes.legend(frameon=False)
    plt.show()

# %% [markdown]
# **Look.** Field workers call this polarised (两极分化): a few who are used to speaking, and many who are not.
# It is where the model starts; whether it grows or shrinks is what the model is asked.
#
# ## 3 一周七步 · One week, step by step
#
# A week has seven phases (阶段), always in this order. The order is part of the theory: points can change who
# comes only if they are known before people decide.

# %%
from consensus_sim.model import PHASES

CHINESE = {
    "start_and_stop_levers": "措施开始或结束",
    "let_topics_arise": "议题产生",
    "hold_events": "开会与活动",
    "carry_out_resolutions": "决议执行",
    "change_residents": "居民变化",
    "keep_ledgers": "记账",
    "record_week": "记录",
}
phases = pd.DataFrame(PHASES, columns=["phase", "what happens"], index=range(1, len(PHASES) + 1))
phases.insert(1, "阶段", [CHINESE[name] for name, _ in PHASES])
with pd.option_context("display.max_colwidth", None):
    display(phases)

# %% [markdown]
# A week without a meeting is dull, so let one run go ahead and report when its best-attended council session
# (议事会) is. Then a second run with the same seed simulates up to that week. It has the same random draws, hence
# the same history: you can travel back in time, which no field study can.

# %%
scout = new_run().run()
session = max((m for m in scout.recorder.sheets if m.channel == "council"), key=lambda m: m.present)
print(f"week 第 {session.week} 周, {model.calendar.date(session.week)}: {session.present} persons present 人到场")

while model.week < session.week:
    model.step()


def count(model):
    """What can be counted in a run at this moment."""
    topics, recorder = model.topics.topics, model.recorder
    return {
        "措施 levers in force": len(model.active),
        "议题：已产生 topics arisen": len(topics),
        "议题：已听取 topics heard": sum(t.progress.heard_week >= 0 for t in topics),
        "议题：已达成共识 topics settled": sum(t.state == "settled" for t in topics),
        "决议：已执行 resolutions carried out": sum(t.resolution.executed_week >= 0 for t in topics),
        "活动 events held": len(recorder.events_held),
        "人次 persons present": sum(present for _, _, present in recorder.events_held),
        "知道议事会 adults who know of the council": int(model.residents.aware_of("council")[adult].sum()),
        "疲劳 mean fatigue": float(model.residents.fatigue[adult].mean()),
        "费用 money spent, CNY": sum(cost[2] for cost in recorder.costs),
        "记录 weeks on record": int(np.isfinite(recorder.weekly["trust"]).sum()),
    }


# %% [markdown]
# **Prediction.** In which phase will each of these numbers move? Fatigue, for instance: where will it rise,
# where fall?

# %%
steps, before = {}, count(model)
for number, (phase, _) in enumerate(PHASES, start=1):
    getattr(model, phase)()
    after = count(model)
    steps[f"{number} {CHINESE[phase]}"] = {name: after[name] - before[name] for name in after}
    before = after
model.week += 1

change = pd.DataFrame(steps)
display(change.map(lambda value: "" if value == 0 else f"{value:+.4g}"))

# %% [markdown]
# **Look.** An empty cell means: this phase left that number alone. People tire where they meet (3) and rest
# during the week (5); the news spreads at meetings and from door to door; the last phase only writes down. When
# you change the model one day, this table is how you check that you changed what you meant to.
#
# ## 4 一次协商会 · A meeting
#
# The observation sheet (观察记录表) has a row for every sitting on a topic. This is what a field worker at the
# back of the room would fill in.

# %%
rows = [m for m in model.recorder.sheets if m.week == session.week and m.channel == "council"]
lines = {
    "议题 topic": lambda m: m.topic.kind.label["zh"] + " " + m.topic.kind.label["en"],
    "第几次上会 sitting": lambda m: m.sitting,
    "到场 present": lambda m: m.present,
    "其中议事团队 of these, council team": lambda m: m.team_present,
    "弱势群体：到场 vulnerable, of those present": lambda m: f"{m.vulnerable_present:.0%}",
    "弱势群体：发言 vulnerable, of the speaking": lambda m: f"{m.vulnerable_speaking:.0%}",
    "发言次数 turns": lambda m: m.turns,
    "前五分之一的发言 speaking of the top fifth": lambda m: f"{m.top_fifth_speaking:.0%}",
    "同意的比例 share who accept": lambda m: f"{m.acceptance:.0%}",
    "结果 outcome": lambda m: {"consensus": "达成共识 settled", "none": "下次再议 to be continued"}[m.how],
}
display(pd.DataFrame([{name: value(m) for name, value in lines.items()} for m in rows]).T)

# %% [markdown]
# Compare *present* and *speaking* of the vulnerable: a seat is not a voice (有席位不等于有声音).
#
# **What does the neutral moderator (中立主持人) do?** Let us put the people who sat on this topic back into the
# room, spread their views from one end to the other, and simulate the meeting two hundred times without a moderator
# and two hundred times with one. All else is equal: same people, same skills, same quarrel.
#
# **Prediction.** (a) Will the fifth who speak most speak less? By how much? (b) Will the room settle more
# often?

# %%
from consensus_sim.dynamics import PLENARY, People, deliberate, top_fifth_share
from consensus_sim.randomness import key

who = rows[0].topic.talk.who.astype(np.int64)
n = len(who)
expression, listening, integration = (
    model.residents.column(name)[who].astype(float) for name in ("expression", "listening", "integration")
)
views = np.linspace(0.15, 0.85, n)
meeting = model.parameters.meeting
people = People(
    resident=who,
    position=views,
    anchor=views,
    stake=np.full(n, 0.8),
    susceptibility=np.full(n, meeting.susceptibility),
    expression=expression,
    listening=listening,
    integration=integration,
    voice=(expression - model.skill_mean[0]) / model.skill_sd[0],
    weight=np.full(n, 0.5),  # one issue, nothing to trade
    counted=np.ones(n, bool),
)


def play(sharing, number):
    """One meeting of these people under a share of turns that is handed round; `number` picks the chance.

    The topic is worked out (found 1), so that it can be decided on; there is time for 30 speeches.
    """
    rules = model.parameters.deliberation._replace(turn_sharing=sharing, speeches=30)
    talk, lot = key(number, "lesson:meeting"), key(number, "lesson:acceptance")
    return deliberate(talk, lot, people, 0.3, 1.0, 0.5, PLENARY, rules, False)


kinds = {"没有主持人 without": 0.0, "有主持人 with": meeting.turn_sharing}
played = {kind: [play(sharing, number) for number in range(200)] for kind, sharing in kinds.items()}
told = {
    "前五分之一的发言 speaking of the top fifth": lambda s: top_fifth_share(s.turns),
    "达成共识 settled at this sitting": lambda s: s.settled,
    "散会时火气 heat at the end (0–1)": lambda s: s.heat,
}
means = {
    kind: {name: np.mean([value(sitting) for sitting in sittings]) for name, value in told.items()}
    for kind, sittings in played.items()
}
display(pd.DataFrame(means).round(2))

# %%
with styled():
    figure, (talk, minds) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    order = np.argsort(-expression)
    for shift, (kind, sittings) in zip((-0.2, 0.2), played.items(), strict=True):
        turns = np.mean([s.turns for s in sittings], axis=0)
        talk.bar(np.arange(n) + shift, turns[order], 0.4, label=kind)
    talk.set(
        title="谁在说话 · Who speaks", ylabel="发言次数 turns", xlabel="到场者，能说者在前 those present, ablest first"
    )
    talk.legend(frameon=False)
    example = played["有主持人 with"][0]
    minds.plot([0, 1], [views, example.position], color="#888888", lw=1)
    minds.axhline(example.proposal, color="#D62728", ls="--", label="主持人的提案 the moderator's proposal")
    minds.set(title="立场怎样移动 · How minds move, one meeting", ylim=(0, 1), ylabel="立场 position (0–1)")
    minds.set_xticks([0, 1], ["开会前 before", "散会时 after"])
    minds.legend(frameon=False)
    plt.show()

# %% [markdown]
# **Look.** The moderator (parameter P22) moves the turns. Her effect on agreement is another question,
# and one meeting would not have shown it: that is why there were two hundred. Notice, too, that those who move
# are those who hear somebody near enough to their own view (有界置信, bounded confidence).
#
# ## 5 一次比较 · A comparison
#
# Now the planner's question: what does the council bring, compared with how things were `before` (only ad-hoc
# meetings 临时会议 and committee reception 居委会接待), and what do points (积分) add to it?
#
# We run each scenario several times (replicates 重复). Replicate 3 of one scenario uses the *same random draws* as
# replicate 3 of another (common random numbers 共同随机数), so their difference is due to what was done, not to
# luck.
#
# **Prediction.** Rank the three scenarios by (a) the share of adults who come at all in a quarter, *reach*
# (参与面), and (b) how often those who come do come, *frequency* (频次). Is it the same ranking?

# %%
scenarios = ["before", "council", "points"]
forecast = compare(community, scenarios, replicates=12, seed=1, reference="council", workers=1, progress=False)

wanted = ["reach_quarter", "frequency", "person_times_quarter", "attendance_council", "consensus_settled", "trust"]
summary = forecast.summary().query("group == 'all'").set_index(["metric", "scenario"])


def cell(name, scenario):
    """A metric's mean and 90 % interval as people read them; a dash where it is undefined."""
    if (name, scenario) not in summary.index:
        return "–"
    row, words = summary.loc[(name, scenario)], metric(name)
    return f"{words.show(row['mean'])}  {words.show_interval(row['q05'], row['q95'])}"


names = [f"{metric(name).label('zh')} {metric(name).label('en')}" for name in wanted]
display(pd.DataFrame({s: [cell(name, s) for name in wanted] for s in scenarios}, index=names))

# %% [markdown]
# Each cell: the mean over the replicates and, in brackets, the interval that holds nine runs in ten (90 %
# 区间). Read the bracket first. It says how different the same policy can turn out in the same place.
#
# The same over time. The band is again nine runs in ten, the dashed line the reference (phase 1).

# %%
from consensus_sim.report import draw_contrasts, draw_forecasts

labels = [(scenario.name, scenario.label) for scenario in forecast.study.scenarios]
print("随时间的变化 · Over time")
display(draw_forecasts(forecast.tables["weekly"], labels, "council", "en", ["attendance_council", "trust"]))

# %% [markdown]
# And the differences to phase 1, replicate by replicate. A bar that leaves out zero is a difference you would
# see nearly every time; one that crosses zero is one you may well not see.

# %%
print("与第一阶段之差 · Differences to phase 1")
display(draw_contrasts(forecast.contrasts(), labels, "council", "en", wanted))

# %% [markdown]
# **Look.** Go back to your prediction. Reach and frequency need not move together: the same few can come more
# often while nobody new comes. A report of only one of them can support either story.
#
# Three warnings that belong to every such forecast:
# 1. This community is made up, and too small for its numbers to mean anything elsewhere. Directions, not sizes.
# 2. How strongly points pull, and how far they crowd out good will (挤出效应), nobody has measured here. It is
#    a *prior*.
# 3. How often consensus is reached was never reported by the case study. The model's rate follows from its
#    assumptions.
#
# ## 6 练习 · Exercise
#
# The quota (配额席位): in scenario `quota`, a tenth of the seats given by rule must be *taken* by the
# vulnerable.
#
# 1. **Predict** what it does to the vulnerable's share of those present (`vulnerable_present`) and of the
#    speaking (`vulnerable_speaking`). Remember the first table of this lesson.
# 2. **Run** `council` against `quota`, then against `quota` with a share of a half. The setting is called
#    `scenario.quota.interventions.quota_seating.share` and goes into `compare(..., overrides=[...])`.
# 3. **Look**: does a tenth change anything in a place where half of the adults are vulnerable? Does a half? Do
#    seats turn into voice?
# 4. **Explain** to a planner in three sentences, with an interval in each.
#
# *Hint 提示.* The next cell runs the first half of the exercise. Change the list of overrides for the second,
# and the number of replicates if your intervals are too wide to say anything.

# %%
overrides = []  # e.g. ["scenario.quota.interventions.quota_seating.share=0.5"]
exercise = compare(
    community, ["council", "quota"], replicates=12, seed=1, workers=1, progress=False, overrides=overrides
)
shown = ["vulnerable_accepted", "vulnerable_present", "vulnerable_speaking", "attendance_council"]
display(exercise.contrasts("council").query("group == 'all' and metric in @shown").drop(columns=["reference", "group"]))

# %% [markdown]
# **Where to go on 下一步.** The same five lines run the case study: `load_community("case_study")`. From a
# terminal, `consensus-sim report.language=zh` compares all scenarios there and writes a report (报告) in
# Chinese.

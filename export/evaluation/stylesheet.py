"""How the page of lost queries looks; light or dark as the person's system is."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1d1f; --quiet: #66645f; --line: #dedbd5;
  --region: #1f6feb; --place: #17b45b; --best: #ff7a1a; --rival: #e0379a;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #17181a; --card: #202226; --ink: #e8e6e3; --quiet: #9d9a94; --line: #3a3c41;
    --region: #6cb0ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 6rem; max-width: 76rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.4rem; margin: 3.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.quiet, figcaption, small { color: var(--quiet); font-size: .875rem; }
q { font-weight: 600; } q.word { font-weight: 700; }
table { border-collapse: collapse; margin: .75rem 0; }
th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; max-width: none; }
nav { position: sticky; top: 0; z-index: 1; background: var(--paper); padding: .6rem 0;
  border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; }
nav label { cursor: pointer; white-space: nowrap; }
.key { display: inline-block; width: 1.1em; height: .75em; border: 2px solid; margin-right: .3em; }
.query { border: 1px solid var(--line); border-radius: 8px; background: var(--card);
  margin: .5rem 0; }
summary { cursor: pointer; padding: .55rem .9rem; }
.query > :not(summary) { margin-left: .9rem; margin-right: .9rem; }
.loss { display: grid; grid-template-columns: minmax(0, 20rem) minmax(0, 1fr); gap: 1rem 1.5rem;
  padding: 1rem 0; border-top: 1px solid var(--line); }
i.loss { display: none; }
.badge { border: 1px solid currentColor; border-radius: 99px; padding: 0 .6em; font-size: .85rem;
  white-space: nowrap; }
.drawn { position: relative; display: block; }
.drawn img, .drawn svg { display: block; width: 100%; height: auto; }
.drawn svg { position: absolute; inset: 0; height: 100%; }
.close { display: block; max-width: 100%; height: 5.5rem; border-radius: 4px; background: #808080; }
figure { margin: 0; }
.rivals { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
  gap: .8rem 1.2rem; margin-top: .6rem; max-width: 44rem; }
polygon { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.region { stroke: var(--region); } .place { stroke: var(--place); stroke-width: 2.5; }
.best { stroke: var(--best); stroke-width: 2.5; }
.rival { stroke: var(--rival); stroke-width: 2.5; }
.readings { overflow-wrap: anywhere; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr));
  gap: 1.5rem; }
.photos figure:target { outline: 3px solid var(--best); outline-offset: 6px; }
@media (max-width: 44rem) { .loss { grid-template-columns: 1fr; } }
"""

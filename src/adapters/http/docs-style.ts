/** Style of `/api/docs`; light and dark by the reader's setting. */
export const docsStyle = `:root {
  color-scheme: light dark;
  --ground: #fbfbf9; --panel: #ffffff; --ink: #1d2329; --soft: #5a6570; --line: #dcdfe3; --accent: #0b5d8a;
  --code: #f1f3f5; --get: #0b5d8a; --post: #1b6e3c; --put: #8a5300; --patch: #6b4ba1; --delete: #a82a2a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181c; --panel: #1b2126; --ink: #e4e8ec; --soft: #a0abb6; --line: #323b44; --accent: #6cb8e6;
    --code: #11151a; --get: #6cb8e6; --post: #6fcf97; --put: #e6b35c; --patch: #b79cea; --delete: #f08a8a;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 5rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--accent); }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); padding: .5rem 1rem; z-index: 2; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem;
  align-items: center;
  padding: .75rem 1.5rem; background: var(--panel); border-bottom: 1px solid var(--line); }
header div { display: flex; gap: .75rem; align-items: baseline; flex: 1; }
h1 { font-size: 1.2rem; margin: 0; } header p { margin: 0; color: var(--soft); font-size: .9rem; }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line);
  border-radius: 6px;
  padding: .3rem .6rem; width: 15rem; max-width: 60vw; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav { position: sticky; top: 4rem; align-self: start; max-height: calc(100vh - 4rem); overflow: auto;
  padding: 1.25rem 1rem 2rem 1.5rem; font-size: .875rem; }
nav h2 { font-size: .8rem; margin: 1rem 0 .25rem; color: var(--soft); }
nav a { display: block; padding: .1rem 0; color: var(--ink); text-decoration: none; }
nav a:hover { color: var(--accent); text-decoration: underline; }
main { padding: 1.25rem 1.5rem 6rem; }
main > h2 { margin: 2.25rem 0 .75rem; font-size: 1.35rem; }
.intro { max-width: 48rem; color: var(--soft); }
details.operation { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  margin: 0 0 .75rem; }
details.operation > summary { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline;
  cursor: pointer;
  padding: .7rem 1rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
.method { font: 700 .8rem/1 ui-monospace, monospace; min-width: 3.6rem; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
.path { font: 600 .95rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.summary { color: var(--soft); }
.body { padding: 0 1rem 1rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
.roles { font-size: .875rem; color: var(--soft); margin: .75rem 0 0; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .8rem; }
td:first-child { font-family: ui-monospace, monospace; white-space: nowrap; }
td.type { font-family: ui-monospace, monospace; font-size: .82rem; color: var(--soft); min-width: 7rem;
  max-width: 22rem; overflow-wrap: break-word; }
.required { color: var(--delete); font-family: system-ui, sans-serif; font-size: .75rem; margin-left: .4rem; }
pre { position: relative; background: var(--code); border: 1px solid var(--line); border-radius: 6px;
  margin: 0;
  padding: .75rem 1rem; overflow-x: auto; font: .84rem/1.5 ui-monospace, monospace; }
.snippet { position: relative; }
.snippet button { position: absolute; right: .5rem; top: .5rem; z-index: 1; font: inherit;
  font-size: .8rem; padding: .15rem .6rem;
  border: 1px solid var(--line); border-radius: 6px; background: var(--panel); color: var(--ink);
  cursor: pointer; }
.snippet pre { padding-right: 5rem; }
details.schema { margin: .3rem 0; } details.schema > summary { cursor: pointer; list-style: revert;
  color: var(--accent); }
.status { font-family: ui-monospace, monospace; font-weight: 600; }
@media (max-width: 52rem) { header { position: static; } html { scroll-padding-top: .5rem; }
  .columns { grid-template-columns: minmax(0, 1fr); } nav { display: none; } main { padding: 1rem; } }
@media print { header, nav, button { display: none; } .columns { display: block; } }
`;

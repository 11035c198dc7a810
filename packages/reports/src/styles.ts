// The style sheet of a report: light or dark by the reader's setting, narrow and wide screens, and print.

export const STYLES = `
:root{color-scheme:light dark;--ground:#fbfaf7;--card:#fff;--ink:#1d1b18;--soft:#6b665e;--line:#e4dfd6;--accent:#b4472f;--good:#2f7d4f;--bad:#b23a3a;--mixed:#a06a00;--series-1:#b4472f;--series-2:#2f6d8f;--series-3:#7a8f2f;--wash:#f4efe6}
@media (prefers-color-scheme:dark){:root{--ground:#171614;--card:#201e1b;--ink:#efeae1;--soft:#a49d91;--line:#38342e;--accent:#f0876b;--good:#6fc48f;--bad:#ee8080;--mixed:#e0b050;--series-1:#f0876b;--series-2:#6fb5da;--series-3:#b9cf62;--wash:#2a2722}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:2.2rem 1.25rem 4rem}
h1{font-size:clamp(1.6rem,4vw,2.3rem);line-height:1.15;margin:.2rem 0 .6rem;letter-spacing:-.02em}
h2{font-size:1.2rem;margin:2.6rem 0 .5rem;letter-spacing:-.01em}
p{margin:.45rem 0}.soft{color:var(--soft)}.small{font-size:.86rem}
.kicker{color:var(--accent);font-size:.8rem;font-weight:600;letter-spacing:.08em;text-transform:uppercase;margin:0}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;padding:0;margin:.6rem 0 1.2rem;list-style:none}
.chips li{border:1px solid var(--line);border-radius:99px;padding:.1rem .7rem;font-size:.84rem;color:var(--soft);background:var(--card)}
.verdict{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--accent);border-radius:10px;padding:1.1rem 1.3rem}
.verdict.good{border-left-color:var(--good)}.verdict.mixed{border-left-color:var(--mixed)}.verdict.bad{border-left-color:var(--bad)}.verdict.none{border-left-color:var(--soft)}
.outcome{font-weight:700;font-size:1.3rem;margin:0 0 .3rem}.good .outcome{color:var(--good)}.mixed .outcome{color:var(--mixed)}.bad .outcome{color:var(--bad)}.outcome .icon{display:inline-block;min-width:1.1em;text-align:center}
.axes{display:flex;flex-wrap:wrap;gap:.6rem 1.4rem;margin:.6rem 0;font-size:.88rem}.axes>div{min-width:11rem}.bar{display:block;height:.35rem;border-radius:99px;background:var(--wash);margin-top:.2rem}.bar i{display:block;height:100%;border-radius:99px;background:var(--accent)}
.next{margin-top:.9rem;padding-top:.8rem;border-top:1px solid var(--line)}
.verdict .summary{font-size:1.16rem;line-height:1.5;margin:.1rem 0 .5rem}
.verdict ul{margin:.5rem 0 0;padding-left:1.1rem}.verdict li{margin:.2rem 0}
.caution{margin-top:.9rem;padding-top:.8rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem .7rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-size:.84rem;color:var(--soft);font-weight:600}tbody tr:last-child td,tbody tr:last-child th{border-bottom:0}
td.number{font-variant-numeric:tabular-nums;white-space:nowrap}td .range{display:block;color:var(--soft);font-size:.8rem}
td.best strong{color:var(--good)}tr.judged th{color:var(--ink)}
.samples{border-spacing:0;width:auto;min-width:100%}.samples td,.samples th{padding:.35rem .5rem;border:0;text-align:center;vertical-align:middle}
.samples th[scope=row]{text-align:left;color:var(--ink);font-weight:500;font-size:.92rem;max-width:13rem}
.samples thead th{border-bottom:1px solid var(--line)}
img{display:block;border-radius:6px;background:var(--wash);max-width:100%}
.samples img,.samples .gone{width:128px;height:128px;object-fit:contain;margin:0 auto}.samples td.reference{border-left:1px solid var(--line)}.steps img,.steps .gone{width:84px;height:84px}.pixels{image-rendering:pixelated}
.gone{display:grid;place-items:center;color:var(--soft);font-size:.75rem;background:var(--wash);border-radius:6px}
.strip{display:flex;flex-wrap:wrap;gap:.4rem;margin:.5rem 0 1rem}.strip img,.strip .gone{width:64px;height:64px;object-fit:cover}
.grid-2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
.grid-4{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr));gap:.8rem}
.sign b{display:block}.sign .state{font-size:.8rem;font-weight:600;letter-spacing:.03em}.seen .state{color:var(--bad)}.clear .state{color:var(--good)}.unknown .state{color:var(--soft)}
.pair{display:flex;gap:.4rem;align-items:center}.pair img,.pair .gone{width:96px;height:96px;object-fit:contain}.pair figure{margin:0}.pair figcaption{font-size:.75rem;color:var(--soft);text-align:center}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.25rem 1rem;margin:.4rem 0}dt{color:var(--soft);font-size:.9rem}dd{margin:0;overflow-wrap:anywhere}
code,pre{font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}code{background:var(--wash);border-radius:4px;padding:.05rem .3rem}
pre{background:var(--wash);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;overflow:auto;max-height:26rem;white-space:pre}
.chart{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1rem}.chart figcaption{font-weight:600;font-size:.95rem}
.chart svg{width:100%;height:auto;display:block}.chart text{fill:var(--soft);font-size:11px;font-family:inherit}.chart .grid{stroke:var(--line)}.chart line.mark{stroke:var(--ink);stroke-dasharray:3 4}.chart text.mark{fill:var(--ink)}
.legend{display:flex;gap:1rem;font-size:.84rem;color:var(--soft);margin:.2rem 0 0}.legend i{display:inline-block;width:.8rem;height:.25rem;border-radius:2px;margin-right:.35rem;vertical-align:middle}
details summary{cursor:pointer;color:var(--soft);font-size:.9rem}footer{margin-top:3rem;color:var(--soft);font-size:.84rem}
@media (max-width:600px){dl{grid-template-columns:1fr}dt{margin-top:.4rem}.samples img,.samples .gone{width:84px;height:84px}.samples th[scope=row]{max-width:7rem}main{padding-top:1.3rem}}
@media print{:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#111;--soft:#555;--line:#ccc;--wash:#f3f3f3;--accent:#9b3520;--good:#1f6a3f;--bad:#9b2a2a;--mixed:#7a5200;--series-1:#9b3520;--series-2:#225c7c;--series-3:#5f7020}
body{font-size:11pt}main{max-width:none;padding:0}h2{break-after:avoid}.samples tr,.card,.chart,.pair,.verdict{break-inside:avoid}.samples img,.samples .gone{width:92px;height:92px}pre{white-space:pre-wrap;max-height:none}thead{display:table-header-group}.scroll{overflow:visible}@page{margin:14mm}}
`;

/** Style of the HTML report, for screens and paper. */
export const REPORT_STYLE = `
body{margin:0;background:#f4f5f7;color:#1d2330;font:15px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:24px;background:#fff}
h1{margin:0 0 16px;font-size:28px}h2{margin:36px 0 8px;font-size:20px;border-bottom:2px solid #e3e6eb}
h3{margin:18px 0 4px;font-size:15px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:left;border-bottom:1px solid #e3e6eb;vertical-align:top}th{font-weight:600;color:#566074}
.number{text-align:right}.details{margin-bottom:16px}.details td:first-child{width:160px;color:#566074}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:#566074}
.grid{stroke:#c9ced8;stroke-width:.5}.mark{fill:#1d2330}svg .rank{fill:#fff;font-size:9px}
.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:12px}
.card{padding:10px 14px;background:#f4f5f7;border-left:5px solid #c9ced8;border-radius:4px;color:#566074;font-size:13px}
.card b{display:block;font-size:22px;line-height:1.3;color:#1d2330}
.warning{padding:8px 12px;background:#fff4dc;border-left:4px solid #f2a33a}
.legend{margin:4px 0;font-size:13px;color:#566074}.legend i{display:inline-block;width:12px;height:12px;margin:0 4px 0 10px;border-radius:2px}
.bars td:first-child{width:90px}.bar{display:flex;height:24px;background:#e3e6eb;border-radius:4px;overflow:hidden}
.bar span{font-size:12px;line-height:24px;text-align:center;overflow:hidden}
.moments{display:grid;grid-template-columns:repeat(auto-fill,minmax(440px,1fr));gap:16px}
.moment{display:flex;gap:14px;align-items:flex-start;break-inside:avoid}.moment img{width:220px;height:auto;border-radius:4px;background:#f4f5f7}
.moment h3{margin-top:0}.moment p{margin:4px 0;font-size:13px}.badge{padding:2px 8px;border-radius:3px;font-weight:600}
.signature{display:flex;gap:24px;margin-top:56px}.signature span{flex:1;border-top:1px solid #566074;color:#566074;font-size:13px}
.columns{columns:2}ul{margin:4px 0;padding-left:20px}
@media print{body{background:#fff}main{max-width:none;padding:0}h2,h3,.legend{break-after:avoid}svg,table.bars,tr{break-inside:avoid}}
@media(max-width:520px){.cards{grid-template-columns:1fr 1fr}.moments{grid-template-columns:1fr}.moment{flex-direction:column}.columns{columns:1}}
`.trim();

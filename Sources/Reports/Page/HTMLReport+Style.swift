/// How the report's page looks; its colours are the charts' own.

extension HTMLReport {
  static let style = """
    *{box-sizing:border-box}
    :root{--page:#f5f6f8;--shadow:0 1px 2px rgb(16 24 40/.06),0 1px 6px rgb(16 24 40/.04)}
    @media (prefers-color-scheme:dark){:root{--page:#0e1014;--shadow:none}}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",\
    Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
    main{max-width:1180px;margin:0 auto;padding:48px 24px 72px}
    h1{margin:0;font-size:30px;line-height:1.2;font-weight:680;letter-spacing:-.02em;text-wrap:balance}
    h2{margin:0 0 14px;font-size:17px;font-weight:650;letter-spacing:-.005em}
    h3{margin:0 0 4px;font-size:12px;font-weight:600;color:var(--muted)}
    .subtitle{margin:8px 0 0;color:var(--muted);overflow-wrap:anywhere}
    .warning{margin:20px 0 0;padding:12px 16px;border-left:3px solid var(--series-2);border-radius:4px 10px 10px 4px;\
    background:var(--paper);box-shadow:var(--shadow)}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(138px,1fr));gap:14px;margin:32px 0 0}
    .card,figure,article,.tables section,.commands{background:var(--paper);border:1px solid var(--grid);\
    border-radius:14px;box-shadow:var(--shadow)}
    .card{padding:15px 16px}
    .card dt{font-size:13px;color:var(--muted)}
    .card dd{margin:4px 0 0;font-size:25px;line-height:1.2;font-weight:640;letter-spacing:-.015em;\
    font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    .card dd.note{font-size:13px;line-height:1.4;font-weight:400;letter-spacing:0;color:var(--muted)}
    .figures{display:flex;flex-wrap:wrap;gap:18px;margin-top:26px;align-items:flex-start}
    figure{flex:1 1 calc(var(--width)*.9);min-width:0;max-width:calc(var(--width)*1.5);margin:0;padding:6px 4px;overflow-x:auto}
    figure svg{display:block;width:100%;min-width:calc(var(--width)*.7);height:auto}
    .samples,.tables,.commands{margin-top:34px}
    article{padding:18px 20px;margin-top:14px}
    .answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,240px),1fr));gap:18px;margin-top:14px;\
    padding-top:14px;border-top:1px solid var(--grid)}
    pre{margin:0;font:13.5px/1.55 ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;\
    white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4}
    .after pre{color:var(--series-3)}
    .before pre{color:var(--muted)}
    .tables{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:18px;align-items:start}
    .tables section,.commands{padding:20px}
    table{width:100%;border-collapse:collapse;font-size:14px}
    th,td{padding:7px 0;border-top:1px solid var(--grid);text-align:left;vertical-align:top}
    tr:first-child>*{border-top:0}
    th{width:44%;padding-right:16px;font-weight:400;color:var(--muted)}
    td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    @media print{body{background:none}main{padding:0;max-width:none}\
    figure,article,.tables section{break-inside:avoid}}
    """
}

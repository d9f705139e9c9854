"use strict";
// Draws the pictures from their JSON. Colours are style-sheet variables, so light, dark and paper follow.
(() => {
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const faint = (name, share) => "color-mix(in srgb, " + colour(name) + " " + share + "%, transparent)";
  const resolve = (mixed) => { const probe = document.createElement("i"); probe.style.color = mixed; document.body.append(probe);
    const seen = getComputedStyle(probe).color; probe.remove(); const part = seen.match(/[\d.]+/g).map(Number);
    if (!seen.startsWith("color(")) return seen;
    const [r, g, b, a = 1] = part; return `rgba(${Math.round(r * 255)},${Math.round(g * 255)},${Math.round(b * 255)},${a})`; };
  const axis = (given) => ({ gridcolor: colour("line"), zeroline: false, linecolor: colour("line"), tickfont: { color: colour("soft") },
    automargin: true, ...given, title: { ...(given.title || {}), font: { size: 12, color: colour("soft") } } });
  const themed = ({ data, layout }) => ({
    data: data.map((trace) => ({ ...trace, marker: { ...trace.marker, color: colour(trace.meta), line: { ...(trace.marker || {}).line, color: colour(trace.meta) } },
      line: trace.line && { ...trace.line, color: colour(trace.meta) } }))
      .map((trace) => trace.type === "bar" ? { ...trace, marker: { color: trace.marker.color, line: { width: 0 } } } : trace),
    layout: { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("ink") },
      margin: { l: 60, r: 20, t: 50, b: 46 }, legend: { orientation: "h", traceorder: "normal", y: -0.16, x: 0, yanchor: "top" },
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") }, namelength: -1 },
      ...Object.fromEntries(Object.entries(layout).filter(([k]) => /^[xy]axis/.test(k)).map(([k, v]) => [k, axis(v)])),
      shapes: (layout.shapes || []).map((s) => ({ ...s, fillcolor: s.type === "rect" ? resolve(s.meta === "attack" ? faint("attack", 16) : colour(s.meta)) : undefined,
        line: { ...s.line, color: resolve(s.meta === "attack" ? faint("attack", 55) : colour(s.meta)) } })),
      annotations: (layout.annotations || []).map((a) => ({ ...a, font: { ...a.font, color: colour("soft") } })) },
  });
  const draw = () => document.querySelectorAll("[data-figure]").forEach((place) => {
    const figure = themed(JSON.parse(document.getElementById(place.dataset.figure).textContent));
    Plotly.react(place, figure.data, figure.layout, { displaylogo: false, responsive: true, displayModeBar: false });
  });
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", () => { root.dataset.paper = ""; draw(); });
  addEventListener("afterprint", () => { delete root.dataset.paper; draw(); });
})();

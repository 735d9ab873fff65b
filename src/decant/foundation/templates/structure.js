// Structures that turn: where a panel has data-structure, a canvas stands in place of its picture. Drag or arrow keys turn,
// the wheel or + and - come nearer; without scripts, and on paper, the picture stays.
for (const panel of document.querySelectorAll("[data-structure]")) {
  const { at, radius, colour, name, bonds, contacts } = JSON.parse(panel.dataset.structure);
  const picture = panel.querySelector("svg"), canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  const reach = Math.max(...at.map((r, i) => Math.hypot(...r) + radius[i]));
  let turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]], zoom = 1, grip = null;

  const rotate = (right, up) => {
    const [a, b, c, d] = [Math.cos(right), Math.sin(right), Math.cos(up), Math.sin(up)];
    const by = [[a, 0, b], [b * d, c, -a * d], [-b * c, d, a * c]];
    turn = by.map((row) => [0, 1, 2].map((k) => row.reduce((sum, x, i) => sum + x * turn[i][k], 0)));
    draw();
  };
  const draw = () => {
    const size = canvas.clientWidth, dots = devicePixelRatio || 1;
    canvas.width = canvas.height = size * dots;
    const scale = (zoom * size * dots) / (2 * reach), middle = (size * dots) / 2;
    const seen = at.map((r) => turn.map((row) => row[0] * r[0] + row[1] * r[1] + row[2] * r[2]));
    const x = (i) => middle + scale * seen[i][0], y = (i) => middle - scale * seen[i][1];
    const line = ([i, j], style, width, dashes) => () => {
      pen.strokeStyle = style;
      pen.lineWidth = width * scale;
      pen.setLineDash(dashes.map((dash) => dash * scale));
      pen.beginPath();
      pen.moveTo(x(i), y(i));
      pen.lineTo(x(j), y(j));
      pen.stroke();
    };
    const ball = (i) => () => {
      const r = radius[i] * scale, light = pen.createRadialGradient(x(i) - r / 3, y(i) - r / 3, r / 8, x(i), y(i), r);
      light.addColorStop(0, "#ffffff");
      light.addColorStop(0.35, colour[i]);
      light.addColorStop(1, colour[i]);
      pen.setLineDash([]);
      pen.fillStyle = light;
      pen.strokeStyle = "#222222";
      pen.lineWidth = 0.03 * scale;
      pen.beginPath();
      pen.arc(x(i), y(i), r, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    };
    const far = (pair) => Math.min(seen[pair[0]][2], seen[pair[1]][2]);
    const items = [
      ...contacts.map((pair) => [far(pair) - 1e-3, line(pair, "#888888", 0.05, [0.12, 0.12])]),
      ...bonds.map((pair) => [far(pair), line(pair, "#666666", 0.16, [])]),
      ...at.map((_, i) => [seen[i][2], ball(i)]),
    ];
    for (const [, paint] of items.sort((one, other) => one[0] - other[0])) paint();
  };

  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${picture.getAttribute("aria-label")}; drag or arrow keys turn it`);
  canvas.title = [...new Set(name)].join(", ");
  canvas.addEventListener("pointerdown", (event) => {
    grip = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    rotate((event.clientX - grip[0]) / 90, (event.clientY - grip[1]) / 90);
    grip = [event.clientX, event.clientY];
  });
  canvas.addEventListener("pointerup", () => { grip = null; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom = Math.min(6, Math.max(0.5, zoom * Math.exp(-event.deltaY / 500)));
    draw();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] }[event.key];
    const nearer = { "+": 1.2, "-": 1 / 1.2 }[event.key];
    if (!step && !nearer) return;
    event.preventDefault();
    zoom *= nearer || 1;
    rotate(...(step || [0, 0]));
  });
  picture.before(canvas);
  panel.classList.add("turns");
  new ResizeObserver(draw).observe(canvas);
}

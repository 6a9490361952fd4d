// The stepper's page: shows step number k by applying all steps up to it, so that back and forward are the same.
(function () {
  "use strict";
  const steps = JSON.parse(document.getElementById("data").textContent).steps;
  const byId = (id) => document.getElementById(id);
  const parts = {};
  for (const g of document.querySelectorAll("[data-part]")) parts[g.dataset.part] = g;
  const written = {}; // the labels as they are at first
  for (const key in parts) {
    if (!key.startsWith("label-")) continue;
    const label = parts[key].querySelector("text");
    const line = parts[key.replace("label", "edge")].querySelector("path");
    written[key] = { text: label.textContent, kind: line.getAttribute("class"), wide: line.getAttribute("stroke-width") };
  }
  const cells = {};
  for (const td of document.querySelectorAll("[data-sum]")) cells[td.dataset.sum] = td;
  const slider = byId("slider"), play = byId("play"), figure = byId("picture");
  const last = steps.length - 1;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const phases = { start: "Start", forward: "Forward", backward: "Backward", update: "Update", end: "End" };
  let at = 0, timer = null;

  function text(g, value) {
    const t = g.querySelector("text.adjoint") || (g.classList.contains("label") && g.querySelector("text"));
    if (t) t.textContent = value;
  }

  function draw(g, kind, wide) {
    const line = g.querySelector("path");
    line.setAttribute("class", kind);
    if (wide !== null) line.setAttribute("stroke-width", wide);
  }

  function show(k) {
    at = Math.max(0, Math.min(last, k));
    for (const g of Object.values(parts)) {
      g.classList.remove("seen", "now", "forward");
      const first = written[g.dataset.part];
      text(g, first ? first.text : "");
      if (first) draw(parts[g.dataset.part.replace("label", "edge")], first.kind, first.wide);
    }
    for (const td of Object.values(cells)) td.textContent = "";
    for (const step of steps.slice(0, at + 1)) {
      for (const key of step.show) if (parts[key]) parts[key].classList.add("seen");
      for (const key in step.sets) if (parts[key]) text(parts[key], step.sets[key]);
      for (const key in step.lines) if (parts[key]) draw(parts[key], step.lines[key][0], step.lines[key][1]);
      for (const key in step.sums) if (cells[key]) cells[key].textContent = number(step.sums[key]);
    }
    const step = steps[at];
    for (const key of step.now) {
      if (!parts[key]) continue;
      parts[key].classList.add("now");
      if (step.phase === "forward") parts[key].classList.add("forward");
    }
    byId("phase").textContent = phases[step.phase];
    byId("formula").textContent = step.formula;
    byId("say").textContent = step.say;
    byId("line").textContent = step.line;
    document.querySelector(".words").className = "words " + step.phase;
    byId("count").textContent = "step " + at + " of " + last;
    slider.value = at;
    slider.setAttribute("aria-valuetext", "step " + at + " of " + last + ", " + phases[step.phase]);
    byId("first").disabled = byId("back").disabled = at === 0;
    byId("forward").disabled = at === last;
    document.body.dataset.step = at;
    if (at === last) stop();
    look(step);
  }

  function number(x) {
    return typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : x;
  }

  // Bring what the step is about into view; only sideways, and only within the figure.
  function look(step) {
    const key = step.now[step.now.length - 1];
    if (!key || !parts[key] || figure.scrollWidth <= figure.clientWidth) return;
    const box = parts[key].getBoundingClientRect(), frame = figure.getBoundingClientRect();
    const left = figure.scrollLeft + box.left + box.width / 2 - frame.left - frame.width / 2;
    figure.scrollTo({ left: left, behavior: calm.matches ? "auto" : "smooth" });
  }

  function stop() {
    if (timer !== null) window.clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  function toggle() {
    if (timer !== null) return stop();
    if (at === last) show(0);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = window.setInterval(() => show(at + 1), 1600);
  }

  function go(k) {
    stop();
    // A disabled button would lose the focus to nowhere, and a keyboard's reader with it.
    const focused = document.activeElement;
    show(k);
    if (focused && focused.disabled) (at === 0 ? byId("forward") : byId("back")).focus();
  }

  byId("first").addEventListener("click", () => go(0));
  byId("back").addEventListener("click", () => go(at - 1));
  byId("forward").addEventListener("click", () => go(at + 1));
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => go(Number(slider.value)));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
    const keys = { ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1), Home: () => go(0), End: () => go(last) };
    if (event.key === " " && event.target.tagName !== "BUTTON") keys[" "] = toggle;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  show(0);
})();

"use strict";
// Only additions: without this script the page has its native players, tables and pictures.
(() => {
  const byId = (id) => document.getElementById(id);
  document.documentElement.classList.add("scripted");
  sortTables();
  // An explanation of words alone may have no sound.
  if (!byId("player")) return;
  const facts = JSON.parse(byId("versions").textContent);
  const player = byId("player"), play = byId("play"), seek = byId("seek"), clock = byId("clock");
  const natives = facts.map((v) => byId("audio-" + v.id));
  const radios = [...player.querySelectorAll("input[name=version]")];
  const AXIS = byId("player").dataset.axis.split(" ").map((x) => Number(x) / 100);
  const FADE_S = 0.015, LEAD_S = 0.03;
  let context = null, buffers = null, running = [], gains = [], master = null;
  let startedAt = 0, startedFrom = 0, position = 0, playing = false, busy = null;
  let role = 0, previous = 1, mask = 0;
  const masks = byId("mask");
  // Which of all versions is heard: the original, or the kept or removed one of the chosen mask.
  const wanted = () => role === 0 ? 0 : facts.findIndex((v) => v.mask === mask && v.role === radios[role].value);
  let loop = { on: false, start: 0, end: Number(seek.max) };
  let duration = Number(seek.max);

  const mmss = (s) => Math.floor(s / 60) + ":" + (s % 60 < 9.95 ? "0" : "") + (s % 60).toFixed(1);
  const plural = (n, word) => n + " " + word + (n === 1 ? "" : "s");
  const inWords = (s) => {
    const whole = Math.floor(s), minutes = Math.floor(whole / 60);
    return (minutes ? plural(minutes, "minute") + " " : "") + plural(whole % 60, "second");
  };
  const loopHolds = () => loop.on && loop.end - loop.start > 0.05;

  function now() {
    if (!playing) return position;
    let at = startedFrom + Math.max(0, context.currentTime - startedAt);
    if (loopHolds() && startedFrom < loop.end && at >= loop.end) {
      at = loop.start + ((at - loop.start) % (loop.end - loop.start));
    }
    return Math.min(at, duration);
  }

  async function ready() {
    if (buffers) return;
    context = new AudioContext();
    const decoded = await Promise.all(natives.map(async (audio) =>
      context.decodeAudioData(await (await fetch(audio.src)).arrayBuffer())));
    master = context.createGain();
    master.connect(context.destination);
    gains = decoded.map((_, i) => {
      const gain = context.createGain();
      gain.gain.value = i === wanted() ? level(i) : 0;
      gain.connect(master);
      return gain;
    });
    buffers = decoded;
  }

  const level = (i) => byId("match").checked ? Math.pow(10, facts[i].match_db / 20) : 1;

  function fadeTo(node, value) {
    const t = context.currentTime;
    node.gain.cancelScheduledValues(t);
    node.gain.setValueAtTime(node.gain.value, t);
    node.gain.linearRampToValueAtTime(value, t + FADE_S);
  }

  function mix() {
    if (buffers) gains.forEach((gain, i) => fadeTo(gain, i === wanted() ? level(i) : 0));
  }

  function halt() {
    const old = running;
    running = [];
    if (!old.length) return;
    const t = context.currentTime;
    for (const { source, fade } of old) {
      source.onended = null;
      fade.gain.cancelScheduledValues(t);
      fade.gain.setValueAtTime(fade.gain.value, t);
      fade.gain.linearRampToValueAtTime(0, t + FADE_S);
      source.stop(t + FADE_S + 0.005);
    }
  }

  // All versions start together on one clock; which one is heard is a matter of gains only.
  function launch() {
    halt();
    startedFrom = position;
    startedAt = context.currentTime + LEAD_S;
    running = buffers.map((buffer, i) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      const fade = context.createGain();
      fade.gain.setValueAtTime(0, startedAt);
      fade.gain.linearRampToValueAtTime(1, startedAt + 0.005);
      source.connect(fade).connect(gains[i]);
      if (loopHolds() && position < loop.end) {
        source.loop = true;
        source.loopStart = loop.start;
        source.loopEnd = loop.end;
      }
      source.start(startedAt, position);
      return { source, fade };
    });
    running[0].source.onended = () => { if (playing) { position = duration; playing = false; running = []; show(); } };
    playing = true;
  }

  async function toggle() {
    if (busy) return busy;
    if (playing) {
      position = now();
      playing = false;
      halt();
      show();
      return undefined;
    }
    busy = (async () => {
      try {
        await ready();
        await context.resume();
        natives.forEach((audio) => audio.pause());
        if (position >= duration - 0.01) position = loopHolds() ? loop.start : 0;
        launch();
        requestAnimationFrame(tick);
      } catch (error) {
        byId("player-error").hidden = false;
        byId("player-error").textContent = "This browser cannot play the versions together (" + error.message +
          "). The players below play them one by one.";
      }
      busy = null;
      show();
    })();
    return busy;
  }

  function go(seconds) {
    position = Math.min(Math.max(seconds, 0), duration);
    if (playing) {
      if (position >= duration) { playing = false; halt(); } else launch();
    }
    show();
  }

  function choose(index) {
    if (index >= radios.length) return;
    if (index !== role) { previous = role; role = index; }
    radios[role].checked = true;
    mix();
    show();
  }

  // Every mask's versions run on the same clock all the time: choosing one only moves gains.
  function chooseMask(index) {
    mask = index;
    masks.value = String(index);
    byId("mask-says").textContent = masks.selectedOptions[0].dataset.says;
    const shown = radios.map((radio) =>
      facts.find((v) => v.role === radio.value && (v.mask === mask || v.role === "original")));
    shown.forEach((v, i) => { radios[i].parentElement.querySelector("small").textContent = v.loudness; });
    const signed = (db) => (db < 0 ? "−" : "+") + Math.abs(db).toFixed(1);
    byId("match-says").textContent = "(" + shown.map((v) => v.role + " " + signed(v.match_db) + " dB").join(", ") + ")";
    mix();
    show();
  }

  function relaunch() {
    if (playing) { position = now(); launch(); }
    show();
  }

  const heads = [...document.querySelectorAll(".timed")].map((box) => {
    const head = document.createElement("div");
    head.className = "playhead";
    head.hidden = true;
    box.append(head);
    box.addEventListener("click", (event) => {
      const at = (event.clientX - box.getBoundingClientRect().left) / box.clientWidth;
      const part = (at - AXIS[0]) / (AXIS[1] - AXIS[0]);
      if (part >= 0 && part <= 1) go(part * duration);
    });
    return head;
  });

  // A line of the lyrics is heard in the original, from its beginning on.
  function hearLine(start) {
    choose(0);
    go(start);
    if (!playing) toggle();
  }
  const lines = [...document.querySelectorAll(".line[data-start]")].map((line) => {
    const start = Number(line.dataset.start), at = line.querySelector(".at"), button = document.createElement("button");
    button.type = "button";
    button.className = "at";
    button.textContent = "▶ " + at.textContent;
    button.setAttribute("aria-label", "Hear from " + inWords(start) + " on: " + line.dataset.text);
    at.replaceWith(button);
    line.addEventListener("click", () => { if (getSelection().isCollapsed) hearLine(start); });
    return { line, start, end: line.dataset.end === undefined ? null : Number(line.dataset.end) };
  });

  let shownSecond = -1;
  function show() {
    const at = now();
    seek.value = at;
    clock.textContent = mmss(at);
    if (Math.floor(at) !== shownSecond || !playing) {
      shownSecond = Math.floor(at);
      seek.setAttribute("aria-valuetext", inWords(at) + " of " + inWords(duration));
    }
    for (const head of heads) {
      head.hidden = at === 0 && !playing;
      head.style.left = 100 * (AXIS[0] + (AXIS[1] - AXIS[0]) * at / duration) + "%";
    }
    for (const { line, start, end } of lines) {
      line.classList.toggle("now", (playing || at > 0) && at >= start - 0.01 && at < (end === null ? start + 5 : end));
    }
    const word = playing ? "Pause" : "Play";
    if (play.textContent !== word) { play.textContent = word; play.setAttribute("aria-label", word); }
    byId("loop").setAttribute("aria-pressed", String(loop.on));
    const ends = loop.on ? "Looping " + mmss(loop.start) + "–" + mmss(loop.end) : "";
    if (byId("loop-ends").textContent !== ends) byId("loop-ends").textContent = ends;
    player.dataset.position = at.toFixed(3);
    player.dataset.version = radios[role].value;
    player.dataset.mask = String(mask);
    player.dataset.audible = facts[wanted()].id;
    player.dataset.playing = String(playing);
  }

  function tick() {
    if (!playing) return;
    show();
    requestAnimationFrame(tick);
  }

  const letters = {
    k: toggle,
    a: () => choose(0), b: () => choose(1), n: () => choose(2), x: () => choose(previous),
    m: () => { if (masks) chooseMask((mask + 1) % masks.options.length); },
    l: () => { loop.on = !loop.on; relaunch(); },
    "[": () => { loop.start = Math.min(now(), loop.end); relaunch(); },
    "]": () => { loop.end = Math.max(now(), loop.start); relaunch(); },
  };

  player.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const kind = event.target.type || event.target.tagName;
    let action = letters[event.key.toLowerCase()];
    if (event.key === " " && !["button", "checkbox", "SUMMARY"].includes(kind)) action = toggle;
    // In the list of masks, letters and arrows belong to the list.
    if (kind === "select-one") return;
    if (kind !== "radio") {
      const step = event.shiftKey ? 1 : 5;
      if (event.key === "ArrowLeft") action = () => go(now() - step);
      if (event.key === "ArrowRight") action = () => go(now() + step);
    }
    if (event.key === "Home") action = () => go(0);
    if (event.key === "End") action = () => go(duration);
    if (!action) return;
    event.preventDefault();
    action();
  });
  play.addEventListener("click", toggle);
  seek.addEventListener("input", () => go(Number(seek.value)));
  radios.forEach((radio, i) => radio.addEventListener("change", () => choose(i)));
  byId("match").addEventListener("change", mix);
  if (masks) masks.addEventListener("change", () => chooseMask(Number(masks.value)));
  byId("loop").addEventListener("click", () => letters.l());
  natives.forEach((audio) => audio.addEventListener("play", () => {
    if (playing) toggle();
    natives.forEach((other) => { if (other !== audio) other.pause(); });
  }));
  player.hidden = false;
  document.querySelector("details.single").open = false;
  show();

  function sortTables() { document.querySelectorAll("table.effects").forEach((table) => {
    const body = table.tBodies[0], headers = [...table.tHead.rows[0].cells];
    headers.filter((cell) => cell.dataset.sort).forEach((cell) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      if (cell.dataset.sort === "rank") cell.setAttribute("aria-sort", "ascending");
      button.addEventListener("click", () => {
        const first = ["value", "error"].includes(cell.dataset.sort) ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = cell.getAttribute("aria-sort") === first ? other : first;
        headers.forEach((h) => h.removeAttribute("aria-sort"));
        cell.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1, key = cell.dataset.sort;
        body.append(...[...body.rows].sort((r, s) => sign * (r.dataset[key] - s.dataset[key])));
      });
    });
  }); }
})();

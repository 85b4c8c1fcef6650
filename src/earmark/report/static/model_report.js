"use strict";
// Each sound is in the page once, in the list of its cell. Here examples get players of their own, from the same data.
for (const place of document.querySelectorAll("[data-sound]")) {
  const source = document.getElementById(place.dataset.sound);
  const player = document.createElement("audio");
  player.controls = true;
  player.preload = "none";
  player.src = source.src;
  player.setAttribute("aria-label", source.getAttribute("aria-label"));
  place.replaceChildren(player);
}
// One at a time.
document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
// A number of the matrix shows its own clips, and only these. Without script all lists are there, closed.
document.documentElement.classList.add("scripted");
const links = [...document.querySelectorAll(".matrix a")];
const boxes = [...document.querySelectorAll(".cells details")];
function show(hash) {
  const target = hash.length > 1 ? document.getElementById(hash.slice(1))?.closest(".cells details") : null;
  if (!target) return;
  for (const box of boxes) box.open = box === target;
}
for (const link of links) link.addEventListener("click", () => show(link.hash));
for (const box of boxes) {
  const mark = () => {
    const link = document.querySelector(`.matrix a[href="#${box.lastElementChild.id}"]`);
    if (box.open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  };
  box.addEventListener("toggle", mark);
  mark();
}
window.addEventListener("hashchange", () => show(location.hash));
show(location.hash);

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
// A number of the matrix shows its own clips only, and marks where one is.
const links = [...document.querySelectorAll(".matrix a")];
const boxes = [...document.querySelectorAll(".cells details")];
for (const link of links) {
  link.addEventListener("click", () => {
    const target = document.getElementById(link.hash.slice(1)).closest("details");
    for (const box of boxes) box.open = box === target;
    for (const other of links) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });
}

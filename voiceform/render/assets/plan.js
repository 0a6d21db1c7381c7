"use strict";
(() => {
  const filters = document.getElementById("filters");
  if (!filters) return;
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const entries = [...document.querySelectorAll("article[data-effect]")];
  const sections = [...document.querySelectorAll("section[data-group]")];
  const texts = new Map();
  const textOf = (entry) => {
    if (!texts.has(entry)) texts.set(entry, entry.textContent.toLowerCase());
    return texts.get(entry);
  };
  const checked = (name) =>
    new Set([...filters.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value));
  const apply = () => {
    const effects = checked("effect");
    const kinds = checked("kind");
    const words = search.value.trim().toLowerCase();
    let count = 0;
    for (const entry of entries) {
      const fits = effects.has(entry.dataset.effect) && kinds.has(entry.dataset.kind)
        && (!words || textOf(entry).includes(words));
      entry.hidden = !fits;
      count += fits ? 1 : 0;
    }
    for (const section of sections) section.hidden = !section.querySelector("article:not([hidden])");
    shown.textContent = `${count.toLocaleString("en")} of ${entries.length.toLocaleString("en")} shown`;
  };
  filters.addEventListener("input", apply);
  filters.hidden = false;
  apply();
})();

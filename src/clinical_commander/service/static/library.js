// Makes the reading pages quicker where scripts run: a filter, the place in the contents, and the findings when they are there.
"use strict";
(() => {
  const WAIT = 1500; // ms between two looks at the findings
  const box = document.getElementById("filter");
  const entries = [...document.querySelectorAll(".entry")];
  const parts = [...document.querySelectorAll(".part")];
  const words = new Map();

  const text = (entry) => {
    if (!words.has(entry)) words.set(entry, `${entry.id} ${entry.textContent}`.toLowerCase());
    return words.get(entry);
  };
  const narrow = () => {
    const wanted = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const entry of entries) {
      const away = wanted.some((word) => !text(entry).includes(word));
      entry.classList.toggle("away", away);
      if (!away) left += 1;
    }
    for (const part of parts) {
      const found = part.querySelector(".entry") ? part.querySelector(".entry:not(.away)") : wanted.every((w) => part.textContent.toLowerCase().includes(w));
      part.classList.toggle("away", wanted.length > 0 && !found);
    }
    document.getElementById("nothing").hidden = wanted.length === 0 || left > 0;
  };
  if (box) {
    box.closest("p").hidden = false;
    let timer = 0;
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(narrow, 120); });
  }
  // An entry above the one that was asked for may have turned out taller than it was taken for.
  addEventListener("load", () => document.querySelector(":target")?.scrollIntoView(), { once: true });
  // A link leads to an entry that the filter has put away: then the filter goes.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest(".away")) return;
    box.value = "";
    narrow();
    target.scrollIntoView();
  });

  const contents = document.querySelector("details.contents");
  if (contents && matchMedia("(max-width: 900px)").matches) contents.open = false;
  const links = new Map([...document.querySelectorAll(".toc a")].map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((changes) => {
    for (const change of changes) if (change.isIntersecting) {
      for (const a of links.values()) a.removeAttribute("aria-current");
      links.get(change.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) seen.observe(section);
  }

  const look = async () => {
    const now = document.getElementById("findings");
    if (!now || now.dataset.state !== "checking") return;
    try {
      const answer = await fetch(`${location.pathname}/findings`);
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("findings");
        if (next) now.replaceWith(next);
      }
    } finally {
      setTimeout(look, WAIT);
    }
  };
  setTimeout(look, WAIT);
})();

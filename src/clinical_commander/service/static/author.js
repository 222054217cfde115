// Shows a new state of the draft when there is one; without this file the page loads itself anew.
"use strict";
(() => {
  const EVERY = 400; // ms between two looks
  const lost = document.getElementById("not-current");
  const main = () => document.getElementById("content");

  const time = () => {
    const saved = Number(main().dataset.saved) * 1000;
    const here = document.getElementById("here");
    if (saved && here && Date.now() - saved < 60000) here.textContent = `${((Date.now() - saved) / 1000).toFixed(1)} s`;
  };
  const take = async () => {
    const answer = await fetch("/author");
    if (!answer.ok) throw new Error("refused");
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
    const held = new Map([...main().querySelectorAll("details.case")].map((d) => [d.dataset.name, d.open]));
    for (const d of next.querySelectorAll("details.case")) if (held.has(d.dataset.name)) d.open = held.get(d.dataset.name);
    for (const d of main().querySelectorAll("section > details[open]")) next.querySelector(`#${d.parentElement.id} > details`)?.setAttribute("open", "");
    main().replaceWith(next);
    time();
  };
  const look = async () => {
    try {
      const answer = await fetch("/author/state");
      if (!answer.ok) throw new Error("refused");
      const { state } = await answer.json();
      if (state !== main().dataset.version) await take();
      lost.hidden = true;
      main().classList.remove("stale");
    } catch {
      lost.hidden = false;
      main().classList.add("stale");
    } finally {
      setTimeout(look, EVERY);
    }
  };
  setTimeout(look, EVERY);
})();

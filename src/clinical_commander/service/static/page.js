// Makes the page quicker where scripts run; without this file every form still works. It stores nothing.
"use strict";
(() => {
  const form = document.getElementById("entry");
  const notCurrent = document.getElementById("not-current");
  const updating = document.getElementById("updating");
  const live = document.getElementById("live");
  const alarm = document.getElementById("alarm");
  const LONGEST_WAIT = 1500; // ms; the advice is marked as not current before 2 s have passed
  const QUIET = 700; // ms without a key before a number that is being typed is taken; half of one is another number
  const SOON = 300; // ms after which the page says that an answer is on its way
  let running = null;
  let timer = 0;

  const mark = (stale) => {
    document.body.classList.toggle("stale", stale);
    notCurrent.hidden = !stale;
  };

  const take = (html) => {
    const next = new DOMParser().parseFromString(html, "text/html");
    const answer = next.getElementById("answer");
    if (!answer) throw new Error("no answer");
    const before = document.getElementById("tier");
    const rose = next.querySelector("#tier.tier-settled.t-critical") && !before.matches(".tier-settled.t-critical");
    const held = document.activeElement?.closest("#switch");
    document.getElementById("answer").replaceWith(answer);
    if (held) answer.querySelector("#switch [aria-pressed]")?.focus();
    document.getElementById("patient").replaceWith(next.getElementById("patient"));
    const said = next.getElementById("live").textContent;
    if (rose) alarm.textContent = said;
    else if (live.textContent !== said) live.textContent = said;
    for (const field of form.querySelectorAll(".field[id]")) {
      const fresh = next.getElementById(field.id);
      for (const part of [".told", "input[type=hidden]"]) {
        field.querySelector(part)?.remove();
        const found = fresh?.querySelector(part);
        if (found) field.append(found);
      }
      field.classList.toggle("wrong", fresh?.classList.contains("wrong") ?? false);
    }
    copyable();
    mark(false);
  };

  const update = async (by) => {
    running?.abort();
    const now = (running = new AbortController());
    const late = setTimeout(() => now.abort("late"), LONGEST_WAIT);
    const slow = setTimeout(() => { if (now === running) updating.hidden = false; }, SOON);
    try {
      const answer = await fetch("/", { method: "POST", headers: { "X-Part": "answer" }, body: new URLSearchParams(new FormData(form, by)), signal: now.signal });
      if (answer.status !== 200 && answer.status !== 422) throw new Error("refused");
      const html = await answer.text();
      if (now === running) take(html);
    } catch {
      if (now === running) mark(true);
    } finally {
      clearTimeout(late);
      clearTimeout(slow);
      if (now === running) updating.hidden = true;
    }
  };

  const copyable = () => {
    const button = document.getElementById("copy");
    button.hidden = false;
    button.addEventListener("click", () => navigator.clipboard.writeText(document.getElementById("note-text").value));
  };

  // A choice counts at once, a number when its field is left or the keys rest: "1" is not yet "124".
  form.addEventListener("input", (event) => {
    if (!event.target.matches("input.number")) return;
    clearTimeout(timer);
    timer = setTimeout(() => update(), QUIET);
  });
  form.addEventListener("change", () => {
    clearTimeout(timer);
    update();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formAction?.endsWith("/note")) return;
    event.preventDefault();
    clearTimeout(timer);
    if (event.submitter?.name === "switch") form.elements.setting.value = event.submitter.value;
    const skips = ["aside", "again"].includes(event.submitter?.name);
    const again = skips ? "#ask button" : event.submitter?.name === "switch" ? "#switch [aria-pressed]" : "#errors";
    update(skips ? event.submitter : null).then(() => document.querySelector(again)?.focus()); // what was pressed is drawn anew
  });
  // The same keys in every browser: Alt and the letter on the button.
  addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const wanted = [...document.querySelectorAll("#switch [accesskey]")];
    const button = wanted.find((it) => `Key${it.accessKey.toUpperCase()}` === event.code);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  // A page that the browser kept from another patient is loaded anew.
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace("/"); });
  document.getElementById("errors")?.focus();
  copyable();
})();

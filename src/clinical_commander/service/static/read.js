// Once the page is scrolled, all of it is laid out: see `.read` in page.css.
"use strict";
addEventListener("scroll", () => document.documentElement.classList.add("read"), { once: true, passive: true });

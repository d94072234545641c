/* A page that nobody has touched for as long as a session lives is left, so that it is not read over an empty chair.
   A page with something typed in it stays: it would be lost. Who works in another window comes back to the same page. */
"use strict";

const limit = Number(document.body.dataset.idle) * 1000;
let since = Date.now();
let typed = Boolean(document.getElementById("error-summary"));

const leave = () => {
  if (!typed && Date.now() - since >= limit) location.replace(location.pathname + location.search);
};

if (limit) {
  document.addEventListener("input", () => { typed = true; });
  document.addEventListener("htmx:afterRequest", () => { since = Date.now(); });
  document.addEventListener("visibilitychange", leave);
  setInterval(leave, 15000);
}

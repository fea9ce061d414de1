// Before the page is drawn, so that it never flashes in the other colours.
"use strict";
{
  const chosen = localStorage.getItem("pais.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}

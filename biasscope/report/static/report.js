"use strict";
// The page is complete without this: it adds sorting, filtering and a choice of theme.

const root = document.documentElement;

function theme() {
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("biasscope-theme"); } catch { return null; } };
  const store = (name) => { try { localStorage.setItem("biasscope-theme", name); } catch { /* not allowed here */ } };
  const show = (name) => {
    if (name) root.dataset.theme = name;
    const now = name || (dark.matches ? "dark" : "light");
    button.textContent = now === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use the ${now === "dark" ? "light" : "dark"} theme`);
    button.dataset.next = now === "dark" ? "light" : "dark";
  };
  button.hidden = false;
  button.addEventListener("click", () => { store(button.dataset.next); show(button.dataset.next); });
  dark.addEventListener("change", () => { if (!root.dataset.theme) show(null); });
  show(["light", "dark"].includes(stored()) ? stored() : null);
}

const NUMBERS = ["count", "share", "real", "signed", "probability", "points"];
const ORDERED = NUMBERS.concat("label", "measure", "text", "verdict");
const FEW = { class: 4 }; // rows from which a table of classes is worth sorting; other tables from 15

function key(row, place, number) {
  const cell = row.cells[place];
  if (!number) return cell.textContent;
  const value = Number(cell.dataset.v ?? cell.textContent); // a number that is shown in full is not said twice
  return Number.isNaN(value) ? null : value;
}

function sorted(rows, place, style, up) {
  const number = NUMBERS.includes(style);
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  const keyed = rows.map((row, at) => ({ row, at, value: key(row, place, number) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.at - b.at;
    const order = number ? a.value - b.value : compare(a.value, b.value);
    return (up ? order : -order) || a.at - b.at;
  });
  return keyed.map((item) => item.row);
}

function worthwhile(data, rows) {
  return rows.length >= (FEW[data.dataset.row] || 15);
}

function sorting(data, table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  if (!worthwhile(data, original)) return;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const style = head.dataset.style;
    if (!ORDERED.includes(style)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    const first = NUMBERS.includes(style) && style !== "probability" ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    button.addEventListener("click", () => {
      const next = { none: first, [first]: second, [second]: "none" }[head.getAttribute("aria-sort")];
      heads.forEach((other) => other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", next);
      body.append(...(next === "none" ? original : sorted(original, place, style, next === "ascending")));
    });
  });
}

function control(tag, text, bar) {
  const label = document.createElement("label");
  const input = document.createElement(tag);
  label.append(text, input);
  bar.append(label);
  return input;
}

function filtering(data, table) {
  const rows = [...table.tBodies[0].rows];
  if (!worthwhile(data, rows)) return;
  const bar = document.createElement("div");
  bar.className = "tools";
  const search = control("input", "Filter", bar);
  search.type = "search";
  const verdicts = data.dataset.verdicts ? data.dataset.verdicts.split("|") : [];
  const select = verdicts.length > 1 ? control("select", "Verdict", bar) : null;
  if (select) for (const name of ["", ...verdicts]) select.append(new Option(name || "any", name));
  const output = document.createElement("output");
  bar.append(output);
  const noun = { class: "classes" }[data.dataset.row] || `${data.dataset.row}s`;
  const apply = () => {
    const wanted = search.value.trim().toLocaleLowerCase();
    let shown = 0;
    for (const row of rows) {
      const verdict = row.querySelector(".verdict");
      const named = row.cells[0].textContent.toLocaleLowerCase().includes(wanted);
      row.hidden = !named || Boolean(select && select.value && verdict && verdict.textContent !== select.value);
      shown += !row.hidden;
    }
    output.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} ${noun}`;
  };
  search.addEventListener("input", apply);
  if (select) select.addEventListener("change", apply);
  data.prepend(bar);
  apply();
}

theme();
for (const data of document.querySelectorAll(".data")) {
  const table = data.querySelector("table");
  sorting(data, table);
  filtering(data, table);
}

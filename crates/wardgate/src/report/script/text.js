"use strict";
// Everything that comes from the log is set as text, never as markup.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const SEVERITIES = ["Informational", "Low", "Medium", "High", "Critical"];
const LABEL_LIMIT = 200;
const PAGE_OF_ROWS = 50;
const PRE_LIMIT = 200_000;
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const HIDDEN_OR_REST = new RegExp(`(${HIDDEN.source})`, "u");
const number = (value) => value.toLocaleString("en-US");
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

// The data are parsed when they are first needed: a page of thousands of alerts opens at once.
let parsed;
const data = () => (parsed ??= JSON.parse($("#data").textContent));

const nameOf = (character) =>
  `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

// `text` as nodes, with hidden characters as marks. Line feeds and tabs stay where `pre` is set.
function shown(text, pre = false) {
  const parts = String(text).split(HIDDEN_OR_REST);
  return parts.filter(Boolean).map((part) => {
    if (!HIDDEN.test(part) || (pre && (part === "\n" || part === "\t")))
      return document.createTextNode(part);
    return el("span", { class: "ctl" }, nameOf(part));
  });
}

function clip(text) {
  const characters = Array.from(String(text));
  if (characters.length <= LABEL_LIMIT) return String(text);
  return `${characters.slice(0, LABEL_LIMIT).join("")}… (${number(characters.length)} characters)`;
}

// The form in which names are compared, the same that the page's attributes hold.
const key = (text) => clip(text).replace(new RegExp(HIDDEN.source, "gu"), (c) => `⟨${nameOf(c)}⟩`);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat(2)) {
    if (child instanceof Node) node.append(child);
    else if (child !== undefined && child !== null) node.append(...shown(child));
  }
  return node;
}

const utc = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 16);
const utcSecond = (text) => {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString().replace("T", " ").slice(0, 19);
};

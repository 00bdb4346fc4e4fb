/** How editors look: the theme's colours, which reach into shadow roots as custom properties. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const list = ".cm-tooltip.cm-tooltip-autocomplete";

/** Where browsers can, they leave out the styles that they would put into edited text. */
function editable(): string {
  try {
    document.createElement("div").contentEditable = "plaintext-only";
    return "plaintext-only";
  } catch {
    return "true";
  }
}

export const editorTheme = [
  EditorView.contentAttributes.of(() => ({ contenteditable: editable() })),
  EditorView.theme({
    "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "0.8125rem" },
    "&.cm-focused": { outline: "none" },
    ".cm-content": { fontFamily: "var(--mono)", padding: "0", caretColor: "var(--text)" },
    ".cm-line": { padding: "0", lineHeight: "1.45" },
    ".cm-scroller": { fontFamily: "var(--mono)", overflow: "auto" },
    ".cm-placeholder": { color: "var(--text-3)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, ::selection": {
      backgroundColor: "var(--accent-soft)",
    },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
      backgroundColor: "var(--accent-soft)",
    },
    ".cm-gutters": {
      backgroundColor: "var(--surface)",
      color: "var(--text-3)",
      border: "none",
      paddingRight: "4px",
    },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
    ".cm-lintRange-error": {
      backgroundImage: "none",
      borderBottom: "2px dotted var(--critical)",
    },
    ".cm-lintRange-warning": {
      backgroundImage: "none",
      borderBottom: "2px dotted var(--medium)",
    },
    ".cm-tooltip": {
      backgroundColor: "var(--raised)",
      color: "var(--text)",
      border: "1px solid var(--line)",
      borderRadius: "8px",
      boxShadow: "var(--shadow)",
      zIndex: "40",
    },
    [`${list} > ul`]: { fontFamily: "var(--mono)", fontSize: "0.8125rem", maxHeight: "18rem" },
    [`${list} > ul > li`]: {
      display: "flex",
      justifyContent: "space-between",
      gap: "1.5rem",
      padding: "0.25rem 0.6rem",
    },
    [`${list} > ul > li[aria-selected]`]: {
      backgroundColor: "var(--accent-soft)",
      color: "var(--text)",
    },
    ".cm-completionLabel": { overflow: "hidden", textOverflow: "ellipsis" },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
    ".cm-completionDetail": {
      marginLeft: "auto",
      color: "var(--text-3)",
      fontStyle: "normal",
      fontFamily: "var(--sans)",
    },
    ".cm-completionInfo": {
      padding: "0.4rem 0.7rem",
      maxWidth: "20rem",
      fontFamily: "var(--sans)",
      fontSize: "0.8125rem",
    },
    ".cm-diagnostic": { fontFamily: "var(--sans)", fontSize: "0.8125rem" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
      { tag: [tags.string, tags.content], color: "var(--text)" },
      { tag: [tags.number, tags.bool, tags.null], color: "var(--low)" },
      { tag: [tags.keyword, tags.operator], color: "var(--medium)", fontWeight: "600" },
      { tag: [tags.regexp, tags.special(tags.string)], color: "var(--high)" },
      { tag: [tags.comment, tags.lineComment], color: "var(--text-3)" },
      { tag: [tags.bracket, tags.punctuation, tags.separator], color: "var(--text-3)" },
    ]),
  ),
];

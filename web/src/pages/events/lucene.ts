/** Colours for queries. What a query means is for the server to say. */

import { StreamLanguage } from "@codemirror/language";

export const luceneColors = StreamLanguage.define<null>({
  name: "lucene",
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^(AND|OR|NOT|TO)(?=[\s()[\]{}]|$)/)) return "keyword";
    if (stream.match(/^(&&|\|\||[-+!](?=\S))/)) return "operator";
    if (stream.match(/^[\w@][\w@.-]*(?=:)/)) return "propertyName";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^\/(?:[^/\\]|\\.)*\/?/)) return "regexp";
    if (stream.match(/^[:()[\]{}<>=^~]/)) return "punctuation";
    if (stream.match(/^(?:[^\s:()[\]{}"\\]|\\.)+/)) return "string";
    stream.next();
    return null;
  },
});

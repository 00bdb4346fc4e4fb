//! HTML that text can't break out of.

use std::fmt::Write as _;

use super::hidden;

/// How many characters of a name are shown. The whole is in the alert's JSON.
const LABEL_LIMIT: usize = 200;

/// A page, or a part of one, as it is being written.
///
/// Markup comes from string literals only; everything that is known at run time goes through
/// [`Page::text`], [`Page::label`], [`Page::plain`], [`Page::attribute`] or a number.
#[derive(Debug, Default)]
pub(super) struct Page {
    html: String,
}

impl Page {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The HTML so far; the page goes on empty.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.html)
    }

    /// Markup, as it stands.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.html.push_str(markup);
        self
    }

    /// The start of a section of the page with its heading.
    pub(super) fn section(&mut self, id: &'static str, title: &'static str) -> &mut Self {
        let _ = writeln!(self.html, "<section id=\"{id}\" aria-labelledby=\"{id}-title\">");
        let _ = writeln!(self.html, "<h2 id=\"{id}-title\">{title}</h2>");
        self
    }

    /// Text between tags, with hidden characters as marks.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            if hidden::is_hidden(character) {
                self.html.push_str("<span class=\"ctl\">");
                self.html.push_str(&hidden::name(character));
                self.html.push_str("</span>");
            } else {
                self.escaped(character);
            }
        }
        self
    }

    /// A name between tags: [`Page::text`] of bounded length.
    pub(super) fn label(&mut self, text: &str) -> &mut Self {
        let (start, total) = hidden::clip(text, LABEL_LIMIT);
        self.text(start);
        if let Some(total) = total {
            let _ = write!(self.html, "… ({} characters)", grouped(total as u64));
        }
        self
    }

    /// Text where no tags can stand, as in `<title>` and `<option>`, of bounded length.
    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.plain_text(&key(text))
    }

    /// An attribute, with a space before it. Hidden characters are kept visible as well; line
    /// feeds stay, they part the values of a list.
    pub(super) fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        let _ = write!(self.html, " {name}=\"");
        for (index, line) in value.split('\n').enumerate() {
            if index > 0 {
                self.html.push_str("&#10;");
            }
            self.plain_text(&hidden::visible(line));
        }
        self.html.push('"');
        self
    }

    /// A count, with its thousands apart.
    pub(super) fn count(&mut self, count: u64) -> &mut Self {
        self.html.push_str(&grouped(count));
        self
    }

    fn plain_text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.escaped(character);
        }
        self
    }

    fn escaped(&mut self, character: char) {
        match character {
            '&' => self.html.push_str("&amp;"),
            '<' => self.html.push_str("&lt;"),
            '>' => self.html.push_str("&gt;"),
            '"' => self.html.push_str("&quot;"),
            '\'' => self.html.push_str("&#39;"),
            '`' => self.html.push_str("&#96;"),
            other => self.html.push(other),
        }
    }
}

/// The form in which a name is compared: visible and of bounded length. The script makes the
/// same from the names in the JSON.
pub(super) fn key(text: &str) -> String {
    let (start, total) = hidden::clip(text, LABEL_LIMIT);
    let mut key = hidden::visible(start).into_owned();
    if let Some(total) = total {
        let _ = write!(key, "… ({} characters)", grouped(total as u64));
    }
    key
}

/// A number with its thousands apart: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> String {
        Page::new().text(text).take()
    }

    fn unescape(html: &str) -> String {
        html.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&#96;", "`")
            .replace("&#10;", "\n")
            .replace("&amp;", "&")
    }

    #[test]
    fn escapes_markup() {
        assert_eq!(
            text("</script><img src=x onerror='alert(\"1\")'> & `"),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;alert(&quot;1&quot;)&#39;&gt; &amp; &#96;"
        );
        assert_eq!(text("\u{202e}"), "<span class=\"ctl\">U+202E</span>");
    }

    #[test]
    fn bounds_names() {
        let label = Page::new().label(&"x".repeat(10_240)).take();
        assert_eq!(label, format!("{}… (10,240 characters)", "x".repeat(LABEL_LIMIT)));
        assert_eq!(key(&"x".repeat(10_240)), label);
    }

    #[test]
    fn groups_thousands() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
    }

    proptest! {
        #[test]
        fn text_has_no_tags_but_marks(input in any::<String>()) {
            let html = text(&input).replace("<span class=\"ctl\">", "").replace("</span>", "");
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn text_reads_as_it_was(input in "[ -~é山]*") {
            prop_assert_eq!(unescape(&text(&input)), input);
        }

        #[test]
        fn an_attribute_ends_where_it_should(value in any::<String>()) {
            let html = Page::new().attribute("data-x", &value).take();
            let inner = html.strip_prefix(" data-x=\"").unwrap().strip_suffix('"').unwrap();
            prop_assert!(!inner.contains(['"', '<', '>']));
            let lines: Vec<_> = value.split('\n').map(hidden::visible).collect();
            prop_assert_eq!(unescape(inner), lines.join("\n"));
        }
    }
}

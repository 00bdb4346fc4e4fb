//! The five severities, each with a name and a mark of its own, so that colour is never alone.

/// How bad an alert is if true. Sigma's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// From the worst to the mildest, the order in which people read them.
    pub(super) const WORST_FIRST: [Self; 5] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Informational];

    /// By Sigma's name; informational for every other.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "critical" => Self::Critical,
            "high" => Self::High,
            "medium" => Self::Medium,
            "low" => Self::Low,
            _ => Self::Informational,
        }
    }

    /// 0 for informational to 4 for critical.
    pub(super) const fn rank(self) -> usize {
        self as usize
    }

    pub(super) const fn digit(self) -> &'static str {
        match self {
            Self::Informational => "0",
            Self::Low => "1",
            Self::Medium => "2",
            Self::High => "3",
            Self::Critical => "4",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// The class under which the style has its colour.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Informational => "s0",
            Self::Low => "s1",
            Self::Medium => "s2",
            Self::High => "s3",
            Self::Critical => "s4",
        }
    }

    /// A badge: mark and name. The style adds the mark.
    pub(super) const fn badge(self) -> &'static str {
        match self {
            Self::Informational => "<span class=\"sev s0\">Informational</span>",
            Self::Low => "<span class=\"sev s1\">Low</span>",
            Self::Medium => "<span class=\"sev s2\">Medium</span>",
            Self::High => "<span class=\"sev s3\">High</span>",
            Self::Critical => "<span class=\"sev s4\">Critical</span>",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for severity in Severity::WORST_FIRST {
            assert_eq!(Severity::named(severity.name()), severity);
            assert_eq!(severity.digit(), severity.rank().to_string());
            assert!(severity.badge().contains(severity.title()));
        }
        assert_eq!(Severity::named("??"), Severity::Informational);
    }
}

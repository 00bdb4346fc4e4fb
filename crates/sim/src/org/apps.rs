//! The applications people sign in to, and who uses them.

/// A part of the organisation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Department {
    Engineering,
    Sales,
    Support,
    Finance,
    People,
    Marketing,
    Operations,
    It,
}

impl Department {
    /// Every department, the large ones first.
    pub(crate) const ALL: [Department; 8] = [
        Department::Engineering,
        Department::Sales,
        Department::Operations,
        Department::Support,
        Department::Marketing,
        Department::Finance,
        Department::People,
        Department::It,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Department::Engineering => "Engineering",
            Department::Sales => "Sales",
            Department::Support => "Customer Support",
            Department::Finance => "Finance",
            Department::People => "People & Culture",
            Department::Marketing => "Marketing",
            Department::Operations => "Operations",
            Department::It => "IT",
        }
    }

    fn letter(self) -> char {
        match self {
            Department::Engineering => 'e',
            Department::Sales => 's',
            Department::Support => 'c',
            Department::Finance => 'f',
            Department::People => 'p',
            Department::Marketing => 'm',
            Department::Operations => 'o',
            Department::It => 'i',
        }
    }
}

/// How an application lets people in; the name is Okta's `signOnModeType`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignOn {
    Saml,
    Oidc,
    WsFederation,
    BrowserPlugin,
    AutoLogin,
}

impl SignOn {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SignOn::Saml => "SAML_2_0",
            SignOn::Oidc => "OPENID_CONNECT",
            SignOn::WsFederation => "WS_FEDERATION",
            SignOn::BrowserPlugin => "BROWSER_PLUGIN",
            SignOn::AutoLogin => "AUTO_LOGIN",
        }
    }
}

/// An entry of the organisation's application catalogue.
#[derive(Debug)]
pub(crate) struct Application {
    /// What the administrator called this instance.
    pub(crate) label: &'static str,
    /// Okta's internal name of the integration, as it stands in request URIs.
    pub(crate) name: &'static str,
    pub(crate) sign_on: SignOn,
    /// The letters of the departments that use it; `*` for everybody.
    departments: &'static str,
    /// Whether Okta creates and removes accounts there.
    pub(crate) provisioned: bool,
}

impl Application {
    pub(crate) fn is_used_by(&self, department: Department) -> bool {
        self.departments.contains(['*', department.letter()])
    }
}

macro_rules! applications {
    ($($label:literal $name:literal $sign_on:ident $departments:literal $provisioned:literal;)*) => {
        &[$(Application {
            label: $label,
            name: $name,
            sign_on: SignOn::$sign_on,
            departments: $departments,
            provisioned: $provisioned,
        }),*]
    };
}

/// The admin console, which every organisation has.
pub(crate) static ADMIN_CONSOLE: Application = Application {
    label: "Okta Admin Console",
    name: "saasure",
    sign_on: SignOn::Oidc,
    departments: "",
    provisioned: false,
};

/// Every other application, the widely used ones first.
pub(crate) static APPLICATIONS: &[Application] = applications! {
    "Microsoft Office 365" "office365" WsFederation "*" true;
    "Google Workspace" "google" Saml "*" true;
    "Slack" "slack" Saml "*" true;
    "Zoom" "zoomus" Saml "*" true;
    "Jira Cloud" "atlassian" Saml "eico" true;
    "Confluence" "confluence_cloud" Saml "eicpo" true;
    "Workday" "workday" Saml "*" true;
    "ServiceNow" "servicenow_ud" Saml "*" true;
    "GitHub Enterprise Cloud" "githubcloud" Saml "ei" true;
    "Salesforce" "salesforce" Saml "scfm" true;
    "AWS IAM Identity Center" "amazon_aws_sso" Saml "ei" true;
    "Box" "boxnet" Saml "sfpm" true;
    "Datadog" "datadog" Saml "ei" true;
    "PagerDuty" "pagerduty" Saml "ei" true;
    "Zendesk" "zendesk" Saml "c" true;
    "HubSpot" "hubspot" Saml "ms" true;
    "Figma" "figma" Saml "em" true;
    "Miro" "miro" Saml "emop" true;
    "Notion" "notion" Saml "empo" true;
    "Lucid" "lucidchart" Saml "eo" true;
    "Tableau Cloud" "tableau_online" Saml "fmso" false;
    "Snowflake" "snowflake" Saml "ef" true;
    "Databricks" "databricks" Saml "e" true;
    "Sentry" "sentry" Saml "e" true;
    "GitLab" "gitlab_saml" Saml "e" true;
    "Jenkins" "jenkins" Saml "e" false;
    "Grafana" "grafana_oidc" Oidc "ei" false;
    "Kubernetes Dashboard" "oidc_client" Oidc "ei" false;
    "Internal Developer Portal" "oidc_client" Oidc "e" false;
    "Architecture Website" "oidc_client" Oidc "eo" false;
    "Customer 360" "oidc_client" Oidc "scm" false;
    "Field Service Mobile" "oidc_client" Oidc "o" false;
    "Expense Assistant" "oidc_client" Oidc "*" false;
    "Concur" "concur" Saml "*" true;
    "NetSuite" "netsuite" Saml "f" true;
    "SAP Ariba" "sapariba" Saml "fo" false;
    "Coupa" "coupa" Saml "fo" true;
    "Blackline" "blackline" Saml "f" false;
    "Adaptive Insights" "adaptive_insights" Saml "f" false;
    "Bank Portal \"Treasury\"" "template_swa" AutoLogin "f" false;
    "Greenhouse" "greenhouse" Saml "p" true;
    "Culture Amp" "cultureamp" Saml "p*" false;
    "BambooHR" "bamboohr" Saml "p" true;
    "LinkedIn Learning" "linkedinlearning" Saml "*" false;
    "Lattice" "lattice" Saml "*" true;
    "Marketo" "marketo" Saml "m" false;
    "Adobe Creative Cloud" "adobe_cc" Saml "m" true;
    "Canva" "canva" Saml "m" true;
    "Hootsuite" "template_swa" BrowserPlugin "m" false;
    "Gong" "gong" Saml "s" true;
    "Outreach" "outreach" Saml "s" true;
    "DocuSign" "docusign" Saml "sfp" true;
    "Clari" "clari" Saml "s" false;
    "Genesys Cloud" "genesys" Saml "c" true;
    "Intercom" "intercom" Saml "c" true;
    "Statuspage" "statuspage" Saml "ci" false;
    "1Password Business" "onepassword" Oidc "*" true;
    "Cisco AnyConnect VPN" "cisco_asa" Saml "*" false;
    "Jamf Pro" "jamfsoftwareserver" Saml "i" false;
    "Zscaler" "zscaler" Saml "i" true;
    "Splunk Cloud" "splunkcloud" Saml "i" false;
    "CrowdStrike Falcon" "crowdstrikefalcon" Saml "i" false;
    "VMware vCenter" "template_saml_2_0" Saml "io" false;
    "Facilities – Badge & Desk" "template_swa" BrowserPlugin "*" false;
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_department_has_a_fair_number_of_applications() {
        for department in Department::ALL {
            let used = APPLICATIONS.iter().filter(|app| app.is_used_by(department)).count();
            assert!((12..45).contains(&used), "{}: {used}", department.name());
        }
    }
}

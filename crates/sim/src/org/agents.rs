//! User agents: what browsers, apps and scripts call themselves.

use crate::rng::Rng;

/// `client.userAgent` and `client.device`.
#[derive(Clone, Debug)]
pub(crate) struct UserAgent {
    pub(crate) raw: String,
    pub(crate) os: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) device: &'static str,
}

impl UserAgent {
    fn new(
        raw: String,
        os: &'static str,
        browser: &'static str,
        device: &'static str,
    ) -> UserAgent {
        UserAgent { raw, os, browser, device }
    }

    /// A client of which Okta recognises neither system nor browser.
    pub(crate) fn script(raw: impl Into<String>) -> UserAgent {
        UserAgent::new(raw.into(), "Unknown", "UNKNOWN", "Unknown")
    }
}

/// What kind of machine somebody has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Platform {
    Windows,
    MacOs,
    Linux,
    ChromeOs,
    Iphone,
    Ipad,
    Android,
}

impl Platform {
    pub(crate) fn is_mobile(self) -> bool {
        matches!(self, Platform::Iphone | Platform::Ipad | Platform::Android)
    }

    /// `device.os_platform`.
    pub(crate) fn device_name(self) -> &'static str {
        match self {
            Platform::Windows => "WINDOWS",
            Platform::MacOs => "MACOS",
            Platform::Linux => "LINUX",
            Platform::ChromeOs => "CHROMEOS",
            Platform::Iphone | Platform::Ipad => "IOS",
            Platform::Android => "ANDROID",
        }
    }

    /// A version of the system, as Okta Verify reports it.
    pub(crate) fn version(self, rng: &mut Rng) -> &'static str {
        let versions: &[&'static str] = match self {
            Platform::Windows => {
                &["10.0.26200.5074", "10.0.26100.4946", "10.0.22631.5768", "10.0.19045.6216"]
            }
            Platform::MacOs => &["26.5.1", "26.4", "15.7.2", "14.8.1"],
            Platform::Linux => &["6.14.0", "6.8.0"],
            Platform::ChromeOs => &["16404.45.0", "16371.64.0"],
            Platform::Iphone | Platform::Ipad => &["26.5", "26.4.1", "18.7.2", "17.7.10"],
            Platform::Android => &["16", "15", "14", "13"],
        };
        rng.pick_early::<&'static str>(versions)
    }
}

/// The browser somebody uses on `platform`.
pub(crate) fn browser(platform: Platform, rng: &mut Rng) -> UserAgent {
    const BLINK: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
    let chrome = 152 - rng.below(3).min(rng.below(14)) as i64;
    let firefox = 155 - rng.below(3).min(rng.below(16)) as i64;
    let kind = rng.below(100);
    match platform {
        Platform::Windows => {
            let os = if rng.chance(700) { "Windows 11" } else { "Windows 10" };
            let system = "Windows NT 10.0; Win64; x64";
            let (raw, browser) = match kind {
                0..55 => (format!("Mozilla/5.0 ({system}) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36"), "CHROME"),
                55..86 => (format!("Mozilla/5.0 ({system}) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36 Edg/{chrome}.0.0.0"), "EDGE"),
                86..97 => (format!("Mozilla/5.0 ({system}; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0"), "FIREFOX"),
                _ => (format!("Mozilla/5.0 ({system}) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36 OPR/{}.0.0.0", chrome - 16), "OPERA"),
            };
            UserAgent::new(raw, os, browser, "Computer")
        }
        Platform::MacOs => {
            let system = "Macintosh; Intel Mac OS X 10_15_7";
            let (raw, browser) = match kind {
                0..58 => (format!("Mozilla/5.0 ({system}) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36"), "CHROME"),
                58..86 => (format!("Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{} Safari/605.1.15", rng.pick_early(&["26.5", "26.4", "18.6"])), "SAFARI"),
                86..95 => (format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0"), "FIREFOX"),
                _ => (format!("Mozilla/5.0 ({system}) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36 Edg/{chrome}.0.0.0"), "EDGE"),
            };
            UserAgent::new(raw, "Mac OS X", browser, "Computer")
        }
        Platform::Linux => {
            let (raw, browser) = match kind {
                0..60 => (format!("Mozilla/5.0 (X11; Linux x86_64) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36"), "CHROME"),
                _ => (format!("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0"), "FIREFOX"),
            };
            UserAgent::new(raw, "Linux", browser, "Computer")
        }
        Platform::ChromeOs => UserAgent::new(
            format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {BLINK} Chrome/{chrome}.0.0.0 Safari/537.36"),
            "Chrome OS",
            "CHROME",
            "Computer",
        ),
        Platform::Iphone => {
            let (raw, browser) = match kind {
                0..75 => (format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{} Mobile/15E148 Safari/604.1", rng.pick_early(&["26.5", "26.4", "18.6"])), "SAFARI"),
                _ => (format!("Mozilla/5.0 (iPhone; CPU iPhone OS 26_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/{chrome}.0.7444.77 Mobile/15E148 Safari/604.1"), "CHROME"),
            };
            UserAgent::new(raw, "iOS (iPhone)", browser, "Mobile")
        }
        Platform::Ipad => UserAgent::new(
            "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Mobile/15E148 Safari/604.1".to_owned(),
            "iOS (iPad)",
            "SAFARI",
            "Tablet",
        ),
        Platform::Android => {
            let raw = match kind {
                0..80 => format!("Mozilla/5.0 (Linux; Android 10; K) {BLINK} Chrome/{chrome}.0.0.0 Mobile Safari/537.36"),
                _ => format!("Mozilla/5.0 (Linux; Android {}; {}) {BLINK} SamsungBrowser/{}.0 Chrome/136.0.0.0 Mobile Safari/537.36", 13 + rng.below(4), rng.pick(&["SM-S928B", "SM-A546E", "SM-G991U"]), 27 + rng.below(3)),
            };
            UserAgent::new(raw, "Android", "CHROME", "Mobile")
        }
    }
}

/// An app other than a browser on `platform`: Okta Verify, mail and meeting clients, web views.
pub(crate) fn native(platform: Platform, rng: &mut Rng) -> UserAgent {
    match platform {
        Platform::Windows => {
            let raw = *rng.pick(&[
                "OktaVerify/6.2.1.0 WPFDeviceSDK/2.1.0.12 Windows/10.0.26100.4946 LENOVO/21HM",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Teams/25212.2204.3869.2204 Chrome/138.0.7204.183 Edge/138.0.3351.121 Safari/537.36",
                "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.19127; Pro)",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.46.101 Chrome/140.0.7339.133 Electron/38.1.2 Safari/537.36",
            ]);
            UserAgent::new(raw.to_owned(), "Windows 10", "UNKNOWN", "Computer")
        }
        Platform::MacOs => {
            let raw = *rng.pick(&[
                "OktaVerify/9.50.1 DeviceSDK/1.0.0 macOS/26.5.1 Apple/Mac15,7",
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
                "MacOutlook/16.100.25081015 (Intelx64 Mac OS X Version 15.6.1 (Build 24G90))",
            ]);
            UserAgent::new(raw.to_owned(), "Mac OS X", "UNKNOWN", "Computer")
        }
        Platform::Iphone | Platform::Ipad => {
            let raw = *rng.pick(&[
                "D2DD7D3915.com.okta.android.auth/9.49.0 DeviceSDK/1.0.0 iOS/26.5 Apple/iPhone17,1",
                "Okta Verify/9.50.0 (iPhone; iOS 26.5; Scale/3.00)",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
            ]);
            UserAgent::new(raw.to_owned(), "iOS (iPhone)", "UNKNOWN", "Mobile")
        }
        Platform::Android => UserAgent::new(
            "D2DD7D3915.com.okta.android.auth/8.12.0 DeviceSDK/0.19.0 Android/16 google/Pixel 9"
                .to_owned(),
            "Android 1.x",
            "UNKNOWN",
            "Mobile",
        ),
        Platform::Linux | Platform::ChromeOs => UserAgent::script("curl/8.15.0"),
    }
}

/// What service accounts and integrations send.
pub(crate) static SCRIPTS: &[&str] = &[
    "python-requests/2.32.5",
    "okta-sdk-golang/5.0.6 golang/go1.24.6 linux/amd64",
    "okta-sdk-python/2.9.13 python/3.12.11 Linux/6.8.0",
    "okta-sdk-java/24.0.0 java/21.0.8 Linux/5.15.0",
    "okta-sdk-nodejs/7.1.1 node/22.18.0 linux/6.8.0",
    "okta-sdk-dotnet/9.0.6 runtime/.NET 8.0.19 os/Linux",
    "okta-terraform/5.2.0 okta-sdk-golang/5.0.6 golang/go1.24.6 linux/amd64",
    "Go-http-client/2.0",
    "axios/1.11.0",
    "curl/8.15.0",
    "Apache-HttpClient/5.4.4 (Java/17.0.16)",
    "Okta-Integrations",
    "Workato/3.1",
    "SailPoint IdentityNow (okta-connector/8.4)",
    "PostmanRuntime/7.45.0",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_is_varied() {
        let mut rng = Rng::new(1, "agents");
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            for platform in [
                Platform::Windows,
                Platform::MacOs,
                Platform::Linux,
                Platform::Iphone,
                Platform::Android,
            ] {
                seen.insert(browser(platform, &mut rng).raw);
                seen.insert(native(platform, &mut rng).raw);
            }
        }
        assert!(seen.len() > 60, "{}", seen.len());
    }
}

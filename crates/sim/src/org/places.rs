//! Towns, and the networks people reach the organisation through.

use crate::json::Object;

/// A town with what Okta's `geographicalContext` says of it. Summer time is left out: a place keeps
/// one offset from UTC all year.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) country: &'static str,
    pub(crate) postal_code: &'static str,
    pub(crate) latitude: &'static str,
    pub(crate) longitude: &'static str,
    /// Minutes ahead of UTC.
    pub(crate) offset: i16,
}

impl Town {
    /// The value of `geographicalContext`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut town = Object::open(out, true);
        town.text("city", self.city);
        town.text("state", self.state);
        town.text("country", self.country);
        // Okta leaves the postal code null where its geolocation source has none.
        let postal_code = (!self.postal_code.is_empty()).then_some(self.postal_code);
        town.text_or_null("postalCode", postal_code);
        let mut location = Object::open(town.key("geolocation"), true);
        location.key("lat").extend_from_slice(self.latitude.as_bytes());
        location.key("lon").extend_from_slice(self.longitude.as_bytes());
        location.close();
        town.close();
    }
}

macro_rules! towns {
    ($($city:literal $state:literal $country:literal $postal:literal $lat:literal $lon:literal $offset:literal;)*) => {
        &[$(Town {
            city: $city,
            state: $state,
            country: $country,
            postal_code: $postal,
            latitude: $lat,
            longitude: $lon,
            offset: $offset,
        }),*]
    };
}

/// Where the organisation's people live and travel.
pub(crate) static TOWNS: &[Town] = towns! {
    "Paris" "Île-de-France" "France" "75002" "48.8566" "2.3522" 120;
    "Lyon" "Auvergne-Rhône-Alpes" "France" "69002" "45.7485" "4.8467" 120;
    "Nantes" "Pays de la Loire" "France" "44000" "47.2173" "-1.5534" 120;
    "London" "England" "United Kingdom" "EC1A" "51.5085" "-0.1257" 60;
    "Manchester" "England" "United Kingdom" "M1" "53.4809" "-2.2374" 60;
    "Dublin" "Leinster" "Ireland" "D02" "53.3331" "-6.2489" 60;
    "Berlin" "Land Berlin" "Germany" "10115" "52.5244" "13.4105" 120;
    "München" "Bayern" "Germany" "80331" "48.1374" "11.5755" 120;
    "Köln" "Nordrhein-Westfalen" "Germany" "50667" "50.9333" "6.95" 120;
    "Amsterdam" "North Holland" "Netherlands" "1012" "52.374" "4.8897" 120;
    "Zürich" "Zurich" "Switzerland" "8001" "47.3667" "8.55" 120;
    "Madrid" "Madrid" "Spain" "28004" "40.4165" "-3.7026" 120;
    "Barcelona" "Catalonia" "Spain" "08002" "41.3888" "2.159" 120;
    "Lisboa" "Lisboa" "Portugal" "1100" "38.7167" "-9.1333" 60;
    "Milano" "Lombardia" "Italy" "20121" "45.4643" "9.1895" 120;
    "Warszawa" "Mazowieckie" "Poland" "00-001" "52.2298" "21.0118" 120;
    "Kraków" "Małopolskie" "Poland" "30-001" "50.0614" "19.9366" 120;
    "Praha" "Praha" "Czechia" "110 00" "50.088" "14.4208" 120;
    "Stockholm" "Stockholm" "Sweden" "111 22" "59.3326" "18.0649" 120;
    "København" "Capital Region" "Denmark" "1050" "55.6759" "12.5655" 120;
    "Αθήνα" "Attica" "Greece" "105 57" "37.9795" "23.7162" 180;
    "İstanbul" "Istanbul" "Türkiye" "34000" "41.0138" "28.9497" 180;
    "Tel Aviv" "Tel Aviv District" "Israel" "" "32.0809" "34.7806" 180;
    "Dubai" "Dubai" "United Arab Emirates" "" "25.0657" "55.1713" 240;
    "Bengaluru" "Karnataka" "India" "560001" "12.9719" "77.5937" 330;
    "Hyderabad" "Telangana" "India" "500001" "17.384" "78.4564" 330;
    "Singapore" "" "Singapore" "048581" "1.2897" "103.8501" 480;
    "Tokyo" "Tokyo" "Japan" "100-0001" "35.6895" "139.6917" 540;
    "Osaka" "Osaka" "Japan" "530-0001" "34.6937" "135.5022" 540;
    "Seoul" "Seoul" "South Korea" "04524" "37.566" "126.9784" 540;
    "Sydney" "New South Wales" "Australia" "2000" "-33.8678" "151.2073" 600;
    "Auckland" "Auckland" "New Zealand" "1010" "-36.8485" "174.7635" 720;
    "New York" "New York" "United States" "10013" "40.7143" "-74.006" -240;
    "Boston" "Massachusetts" "United States" "02108" "42.3584" "-71.0598" -240;
    "Atlanta" "Georgia" "United States" "30303" "33.749" "-84.388" -240;
    "Austin" "Texas" "United States" "78701" "30.2672" "-97.7431" -300;
    "Chicago" "Illinois" "United States" "60601" "41.85" "-87.65" -300;
    "Denver" "Colorado" "United States" "80202" "39.7392" "-104.9847" -360;
    "San Francisco" "California" "United States" "94105" "37.7749" "-122.4194" -420;
    "Seattle" "Washington" "United States" "98101" "47.6062" "-122.3321" -420;
    "Toronto" "Ontario" "Canada" "M5H" "43.7001" "-79.4163" -240;
    "Montréal" "Quebec" "Canada" "H2Y" "45.5088" "-73.5878" -240;
    "Ciudad de México" "Mexico City" "Mexico" "06000" "19.4285" "-99.1277" -360;
    "São Paulo" "São Paulo" "Brazil" "01000-000" "-23.5475" "-46.6361" -180;
    "Buenos Aires" "Buenos Aires F.D." "Argentina" "C1000" "-34.6131" "-58.3772" -180;
    "Cape Town" "Western Cape" "South Africa" "8001" "-33.9258" "18.4232" 120;
    "Nairobi" "Nairobi Province" "Kenya" "" "-1.2833" "36.8167" 180;
};

/// Where the machines stand that attackers and cloud services send from.
pub(crate) static DATA_CENTRES: &[Town] = towns! {
    "Ashburn" "Virginia" "United States" "20149" "39.0437" "-77.4875" -240;
    "Boardman" "Oregon" "United States" "97818" "45.8399" "-119.7006" -420;
    "Frankfurt am Main" "Hessen" "Germany" "60313" "50.1155" "8.6842" 120;
    "Amsterdam" "North Holland" "Netherlands" "1091" "52.352" "4.9392" 120;
    "București" "București" "Romania" "030167" "44.4323" "26.1063" 180;
    "Chișinău" "Chișinău Municipality" "Moldova" "MD-2001" "47.0056" "28.8575" 180;
    "Lagos" "Lagos" "Nigeria" "" "6.4541" "3.3947" 60;
    "Hà Nội" "Hanoi" "Vietnam" "10000" "21.0245" "105.8412" 420;
    "Kuala Lumpur" "Kuala Lumpur" "Malaysia" "50000" "3.1412" "101.6865" 480;
    "Panamá" "Provincia de Panamá" "Panama" "" "8.9958" "-79.5196" -300;
    "Riga" "Riga" "Latvia" "LV-1050" "56.946" "24.1059" 180;
    "Johannesburg" "Gauteng" "South Africa" "2001" "-26.2023" "28.0436" 120;
};

/// An autonomous system as `securityContext` describes it.
#[derive(Debug)]
pub(crate) struct Network {
    /// The country it serves; empty for one that serves all.
    pub(crate) country: &'static str,
    pub(crate) number: u32,
    pub(crate) organization: &'static str,
    pub(crate) isp: &'static str,
    /// The domain of its addresses; Okta writes `.` for none.
    pub(crate) domain: &'static str,
    pub(crate) proxy: bool,
}

macro_rules! networks {
    ($proxy:literal: $($country:literal $number:literal $organization:literal $isp:literal $domain:literal;)*) => {
        &[$(Network {
            country: $country,
            number: $number,
            organization: $organization,
            isp: $isp,
            domain: $domain,
            proxy: $proxy,
        }),*]
    };
}

/// Home lines.
pub(crate) static HOME: &[Network] = networks! { false:
    "France" 3215 "orange" "orange s.a." "wanadoo.fr";
    "France" 12322 "free sas" "free sas" "proxad.net";
    "United Kingdom" 2856 "british telecommunications plc" "bt broadband" "btcentralplus.com";
    "United Kingdom" 5089 "virgin media limited" "virgin media" "virginm.net";
    "Ireland" 5466 "eircom limited" "eir broadband" "eircom.net";
    "Germany" 3320 "deutsche telekom ag" "deutsche telekom ag" "t-ipconnect.de";
    "Germany" 3209 "vodafone gmbh" "vodafone kabel deutschland" "kabel-deutschland.de";
    "Netherlands" 1136 "kpn b.v." "kpn" "kpn.net";
    "Switzerland" 3303 "swisscom (schweiz) ag" "bluewin" "bluewin.ch";
    "Spain" 3352 "telefonica de espana sau" "movistar fibra" "rima-tde.net";
    "Portugal" 3243 "meo - servicos de comunicacoes e multimedia s.a." "meo" "telepac.pt";
    "Italy" 3269 "telecom italia s.p.a." "tim" "telecomitalia.it";
    "Poland" 5617 "orange polska spolka akcyjna" "neostrada" "tpnet.pl";
    "Czechia" 5610 "o2 czech republic a.s." "o2 czech republic" "o2.cz";
    "Sweden" 3301 "telia company ab" "telia" "telia.com";
    "Denmark" 3292 "tdc holding a/s" "tdc" "tdc.net";
    "Greece" 6799 "ote sa" "cosmote" "otenet.gr";
    "Türkiye" 9121 "turk telekomunikasyon anonim sirketi" "ttnet" "ttnet.com.tr";
    "Israel" 8551 "bezeq international ltd" "bezeq international" "bezeqint.net";
    "United Arab Emirates" 5384 "emirates telecommunications group company" "etisalat" ".";
    "India" 24560 "bharti airtel ltd." "airtel broadband" "airtelbroadband.in";
    "India" 55836 "reliance jio infocomm limited" "jio" "jio.com";
    "Singapore" 9506 "singtel fibre broadband" "singtel" "singnet.com.sg";
    "Japan" 4713 "ntt communications corporation" "ocn" "ocn.ne.jp";
    "Japan" 2516 "kddi corporation" "au one net" "dion.ne.jp";
    "South Korea" 4766 "korea telecom" "kornet" ".";
    "Australia" 1221 "telstra corporation ltd" "bigpond" "telstra.net";
    "New Zealand" 4771 "spark new zealand trading ltd" "spark" "xtra.co.nz";
    "United States" 7922 "comcast cable communications llc" "xfinity" "comcast.net";
    "United States" 701 "uunet" "verizon fios" "verizon.net";
    "United States" 7018 "at&t services inc." "at&t internet" "sbcglobal.net";
    "United States" 20115 "charter communications" "spectrum" "spectrum.com";
    "Canada" 812 "rogers communications canada inc." "rogers cable" "rogers.com";
    "Canada" 577 "bell canada" "sympatico" "bell.ca";
    "Mexico" 8151 "uninet s.a. de c.v." "infinitum" "prod-infinitum.com.mx";
    "Brazil" 27699 "telefonica brasil s.a" "vivo fibra" "telesp.net.br";
    "Argentina" 7303 "telecom argentina s.a." "fibertel" "fibertel.com.ar";
    "South Africa" 37457 "telkom sa ltd." "telkom internet" "telkomsa.net";
    "Kenya" 33771 "safaricom limited" "safaricom home" "safaricombusiness.co.ke";
};

/// Mobile lines; one without a country serves those that have none of their own.
pub(crate) static MOBILE: &[Network] = networks! { false:
    "United States" 21928 "t-mobile usa inc." "t-mobile" "tmodns.net";
    "United States" 6167 "cellco partnership dba verizon wireless" "verizon wireless" "myvzw.com";
    "United Kingdom" 12576 "ee limited" "ee mobile" "ee.co.uk";
    "France" 15557 "societe francaise du radiotelephone" "sfr mobile" "sfr.net";
    "Germany" 3320 "deutsche telekom ag" "telekom mobilfunk" ".";
    "India" 45609 "bharti airtel ltd." "airtel mobile" ".";
    "Japan" 9605 "ntt docomo inc." "docomo" "spmode.ne.jp";
    "" 12430 "vodafone espana s.a.u." "vodafone" ".";
};

/// VPNs and anonymising proxies that some people use at home.
pub(crate) static PROXIES: &[Network] = networks! { true:
    "" 9009 "m247 europe srl" "nordvpn" "m247.com";
    "" 212238 "datacamp limited" "datacamp limited" "datapacket.com";
    "" 39351 "31173 services ab" "mullvad vpn" "mullvad.net";
    "" 13335 "cloudflare inc." "cloudflare warp" "cloudflare.com";
};

/// Exits of the Tor network.
pub(crate) static TOR: &[Network] = networks! { true:
    "" 60729 "stiftung erneuerbare freiheit" "tor exit" "for-privacy.net";
    "" 208323 "foundation for applied privacy" "tor exit" "appliedprivacy.net";
    "" 53667 "frantech solutions" "tor exit" ".";
};

/// Rented machines.
pub(crate) static HOSTING: &[Network] = networks! { false:
    "" 14061 "digitalocean llc" "digitalocean" "digitalocean.com";
    "" 16276 "ovh sas" "ovh" "ovh.net";
    "" 24940 "hetzner online gmbh" "hetzner" "your-server.de";
    "" 20473 "the constant company llc" "vultr" "vultrusercontent.com";
    "" 200019 "alexhost srl" "alexhost" ".";
};

/// The clouds that service accounts run in.
pub(crate) static CLOUDS: &[Network] = networks! { false:
    "" 16509 "amazon.com inc." "amazon technologies inc." "amazonaws.com";
    "" 396982 "google llc" "google cloud" "googleusercontent.com";
    "" 8075 "microsoft corporation" "microsoft azure" ".";
};

/// The network that carries an office's traffic to the internet.
pub(crate) static OFFICE: &[Network] = networks! { false:
    "" 3356 "level 3 parent llc" "lumen" "level3.net";
    "" 2914 "ntt america inc." "ntt global ip network" ".";
    "" 5511 "orange s.a." "orange business" "opentransit.net";
    "" 1299 "arelion sweden ab" "arelion" "twelve99.net";
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_town_is_valid_json_on_the_globe_with_a_home_line() {
        for town in TOWNS.iter().chain(DATA_CENTRES) {
            let mut out = Vec::new();
            town.write(&mut out);
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let location = &value["geolocation"];
            assert!(location["lat"].as_f64().unwrap().abs() <= 90.0, "{}", town.city);
            assert!(location["lon"].as_f64().unwrap().abs() <= 180.0, "{}", town.city);
            assert!(town.offset.abs() <= 12 * 60, "{}", town.city);
        }
        for town in TOWNS {
            assert!(HOME.iter().any(|network| network.country == town.country), "{}", town.city);
        }
    }
}

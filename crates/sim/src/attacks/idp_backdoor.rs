//! A second way in: the attacker's identity provider, which vouches for anybody.

use super::attacker::{Attacker, open_apps, sign_in_as, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Party};
use crate::life::{signin, using};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    let at = sign_in_as(stage, admin, &scene, at, 0);
    let mut at = using::open_admin_console(stage, admin, &scene, at + 4 * SECOND);

    let id = stage.rng.id("0oa", 20);
    let key = stage.rng.id("kid", 24);
    let name =
        *stage.rng.pick(&["Source Org", "OktaSSO-Backup", "Entra ID (migration)", "SAML 2.0 IdP"]);
    let provider = Party::new("IdentityProvider", id.as_str(), "unknown", name);
    stage.emit(
        &Event::new(&types::IDP_KEY_CREATE, at, admin.party(), &scene)
            .uri("/api/v1/idps/credentials/keys")
            .target(Party::new("IdpKey", key.as_str(), "unknown", "Signing key")),
    );
    for kind in [&types::IDP_CREATE, &types::IDP_ACTIVATE, &types::IDP_UPDATE] {
        at += stage.rng.between(4, 50) * SECOND;
        stage.emit(&Event::new(kind, at, admin.party(), &scene).uri("/api/v1/idps").target_detail(
            provider,
            &[("protocol", "SAML2"), ("usernameTemplate", "idpuser.subjectNameId")],
        ));
    }

    let mut victims = vec![admin.id.as_str()];
    for _ in 0..stage.rng.between(1, 3) {
        at += stage.rng.between(5, 30) * MINUTE;
        let user = victim(org, stage.rng);
        let session = stage.session();
        let scene = attacker.in_session(stage, session);
        at = signin::federated(stage, user, &scene, at, provider);
        at = open_apps(stage, user, &scene, at, 2);
        victims.push(user.id.as_str());
    }
    Cast::new(&[attacker.origin.address.as_str(), admin.id.as_str()], &victims)
}

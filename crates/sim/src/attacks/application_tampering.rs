//! Applications send their assertions elsewhere, or are gone.

use super::attacker::{Attacker, sign_in_as};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::Event;
use crate::life::using;
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
    let mut victims = Vec::new();
    for _ in 0..stage.rng.between(2, 5) {
        let app = stage.rng.pick(&org.apps);
        victims.push(app.id.as_str());
        stage.emit(
            &Event::new(&types::APP_UPDATE, at, admin.party(), &scene)
                .uri(format!("/api/v1/apps/{}", app.id))
                .debug("changedAttributes", "settings.signOn.ssoAcsUrl, settings.signOn.recipient")
                .target_with(
                    app.party(),
                    &[],
                    Some((
                        &[("ssoAcsUrl", "https://app.example/saml/acs")],
                        &[("ssoAcsUrl", "https://acs.okta-secure-sso.example/saml")],
                    )),
                ),
        );
        at += stage.rng.between(10, 90) * SECOND;
    }
    for _ in 0..stage.rng.between(1, 3) {
        let app = stage.rng.pick(&org.apps);
        victims.push(app.id.as_str());
        for kind in [&types::APP_DEACTIVATE, &types::APP_DELETE] {
            stage.emit(
                &Event::new(kind, at, admin.party(), &scene)
                    .uri(format!("/api/v1/apps/{}", app.id))
                    .target(app.party()),
            );
            at += stage.rng.between(2, 20) * SECOND;
        }
    }
    Cast::new(&[attacker.origin.address.as_str(), admin.id.as_str()], &victims)
}

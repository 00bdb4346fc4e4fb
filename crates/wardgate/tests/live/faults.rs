//! What it does when the world around it fails.

use std::fs;
use std::process::Command;

use crate::support::{Place, Running, org, wait};

/// Runs a command as root may; `false` when that is not possible here.
fn privileged(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// A file system of a few megabytes, until it is dropped.
struct SmallDisk(String);

impl SmallDisk {
    fn mount(at: &std::path::Path, size: &str) -> Option<SmallDisk> {
        fs::create_dir_all(at).unwrap();
        let at = at.to_str().unwrap().to_owned();
        let size = format!("size={size}");
        privileged("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &at]).then_some(SmallDisk(at))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(privileged("mount", &["-o", &options, &self.0]));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        privileged("umount", &["-l", &self.0]);
    }
}

#[test]
fn a_full_disk_stops_it_until_there_is_room() {
    let org = org(8_000, 5, &[]);
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.data(), "3m") else {
        eprintln!("skipped: a small file system cannot be mounted here, run as root");
        return;
    };
    place.follow(&org, "");
    let mut running = place.start();
    wait("word of the full disk", || {
        running.assert_runs();
        running.log().contains("nothing can be stored: sources wait")
            || running.log().contains("events cannot be made searchable")
    });
    assert!(place.count() < 8_000);
    disk.remount("size=200m");
    place.wait_for_events(&mut running, 8_000);
    running.stop();
    place.assert_complete(&org);
    let undisturbed = Place::new();
    undisturbed.follow(&org, "");
    let mut running = undisturbed.start();
    undisturbed.wait_for_events(&mut running, 8_000);
    running.stop();
    assert_eq!(place.alerts(), undisturbed.alerts());
}

#[test]
fn a_disk_that_is_read_only_for_a_while_loses_nothing() {
    let org = org(300, 6, &[]);
    let place = Place::new();
    let Some(disk) = SmallDisk::mount(&place.data(), "200m") else {
        eprintln!("skipped: a small file system cannot be mounted here, run as root");
        return;
    };
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 300);
    // The file of alerts is elsewhere; the store's files are open, so what fails is what makes
    // new ones.
    if !privileged("mount", &["-o", "remount,ro", &place.data().to_string_lossy()]) {
        eprintln!("skipped: files that are open for writing keep it from becoming read-only");
        return;
    }
    for number in 0..50 {
        let published = jiff::Timestamp::now();
        org.append(&format!(r#"{{"uuid":"late-{number}","published":"{published}"}}"#)).unwrap();
    }
    wait("word of it", || {
        running.assert_runs();
        running.log().contains("nothing can be stored: sources wait")
    });
    disk.remount("rw");
    place.wait_for_events(&mut running, 350);
    running.stop();
    place.assert_complete(&org);
}

#[test]
fn what_is_damaged_is_refused_and_found_and_the_rest_stays_readable() {
    let org = org(2_000, 7, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 2_000);
    running.stop();
    let verify = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
        command.args(["verify", "--data", "data"]).current_dir(place.folder.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    assert_eq!(verify(), (Some(0), String::new()));

    // One file of one day.
    let mut days: Vec<_> =
        fs::read_dir(place.data().join("days")).unwrap().map(|day| day.unwrap().path()).collect();
    days.sort();
    assert!(days.len() > 2);
    let files = fs::read_dir(&days[1]).unwrap().map(|file| file.unwrap().path());
    let mut stores: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|kind| kind == "store")).collect();
    stores.sort();
    let mut bytes = fs::read(&stores[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&stores[0], bytes).unwrap();
    let (status, said) = verify();
    let name = days[1].file_name().unwrap().to_str().unwrap();
    assert!(status == Some(2) && said.contains(name) && said.contains("backup"), "{said}");

    // The list of a day's files: the day cannot be read, the others can.
    fs::write(days[1].join("meta.json"), "{").unwrap();
    let searcher = store::search::Searcher::open(&place.data()).unwrap();
    let query = query::parse("*").unwrap();
    let counts = searcher.count(&store::search::Selection::new(&query.root)).unwrap();
    assert!(counts.events > 0 && counts.unreadable.len() == 1, "{counts:?}");

    // The database.
    fs::write(place.data().join("wardgate.db"), "no database, though it is as long as one is ")
        .unwrap();
    let output = place.command().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("wardgate.db is damaged") && said.contains("restore"), "{said}");
    assert!(verify().1.contains("wardgate.db"));
}

#[test]
fn a_backup_that_is_made_while_it_runs_is_whole() {
    let org = org(4_000, 9, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 1);
    let backup = |to: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
        command.args(["backup", to, "--data", "data"]).current_dir(place.folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    backup("early");
    place.wait_for_events(&mut running, 4_000);
    running.stop();
    place.assert_complete(&org);
    let alerts = place.alerts();

    // What the early one has not, is fetched again.
    let again = Place::new();
    again.follow(&org, "");
    store::restore(&place.path("early"), &again.data(), |_, _, _| {}).unwrap();
    let mut running = Running::start(&mut again.command(), &again.path("log"));
    again.wait_for_events(&mut running, 4_000);
    running.stop();
    again.assert_complete(&org);
    assert_eq!(again.alerts(), alerts);
}
#[test]
fn a_token_is_replaced_while_it_runs_and_a_revoked_one_only_waits() {
    let org = org(200, 12, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 200);
    let append = |id: &str| {
        let published = jiff::Timestamp::now();
        org.append(&format!(r#"{{"uuid":"{id}","eventType":"a.b","published":"{published}"}}"#))
            .unwrap();
    };
    let old = org.token().to_owned();
    assert!(org.revoke_token(&old));
    append("while-revoked");
    wait("a refusal", || org.stats().statuses.contains_key(&401));
    running.assert_runs();
    assert_eq!(place.count(), 200);

    org.add_token("another", true);
    fs::write(place.path("token"), "another\n").unwrap();
    place.wait_for_events(&mut running, 201);
    append("after-that");
    place.wait_for_events(&mut running, 202);
    let log = running.log();
    assert!(!log.contains(&old) && !log.contains("another"), "{log}");
    running.stop();
    place.assert_complete(&org);
}

//! What people do at the analyst's desk, in the database: alerts, rules, searches, audit.

use ecs::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::db::{
    Alert, AlertFilter, AlertGroup, AlertPage, AlertRefused, AlertSort, AlertUpdate, Audit, Change,
    NewException, NewSearch, RuleSwitch, SavedSearch, StoredAlert, StoredException, alert_changes,
    alerts, audit, searches, tuning,
};
use crate::{Database, Error};

/// How often a rule has raised alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule's id, or its name where it has none.
    pub rule: String,
    /// How often since each of three times.
    pub counts: [u64; 3],
    /// When last.
    pub last: Timestamp,
}

impl Alert {
    /// Its place in an order, to go on from.
    #[must_use]
    pub fn page(&self, sort: AlertSort) -> AlertPage {
        alerts::page(self, sort)
    }
}

/// Alerts. All of these fail when the database cannot be read or written.
impl Database {
    /// How many alerts `filter` lets through, whatever its limit.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; so with all below.
    pub fn count_alerts(&self, filter: &AlertFilter) -> Result<u64, Error> {
        Ok(alerts::count(&self.db, filter)?)
    }

    /// How many alerts have each value, most first, with the name of the value where it is a
    /// rule. What the filter says about the same thing is left out.
    pub fn count_alerts_by(
        &self,
        filter: &AlertFilter,
        group: AlertGroup,
        top: usize,
    ) -> Result<Vec<(Option<String>, String, u64)>, Error> {
        Ok(alerts::count_by(&self.db, filter, group, top)?)
    }

    /// How many alerts have each combination of techniques, whatever technique the filter names.
    pub fn alert_techniques(&self, filter: &AlertFilter) -> Result<Vec<(Vec<String>, u64)>, Error> {
        Ok(alerts::techniques(&self.db, filter)?)
    }

    /// How many alerts, repeats not counted, happened first in each `interval` milliseconds, by
    /// level: the number of the part counted from 1970, the level, the number of alerts.
    pub fn alerts_over_time(
        &self,
        since: Timestamp,
        until: Timestamp,
        interval: i64,
    ) -> Result<Vec<(i64, String, u64)>, Error> {
        Ok(alerts::over_time(&self.db, since, until, interval)?)
    }

    /// How often each rule raised alerts since three times, the last of which is the earliest;
    /// repeats counted.
    pub fn fired(&self, since: [Timestamp; 3]) -> Result<Vec<Fired>, Error> {
        let rows = alerts::fired(&self.db, since)?.into_iter();
        Ok(rows.map(|(rule, counts, last)| Fired { rule, counts, last }).collect())
    }

    /// The alerts that `filter` lets through, its limit looked at, whose documents have an event
    /// with this id.
    pub fn alerts_naming(&self, filter: &AlertFilter, event: &str) -> Result<Vec<Alert>, Error> {
        Ok(alerts::naming(&self.db, filter, event)?)
    }

    /// The alert with this id.
    pub fn alert_of_id(&self, id: Uuid) -> Result<Option<StoredAlert>, Error> {
        Ok(alerts::of_id(&self.db, id)?)
    }

    /// The alerts with these numbers, in any order.
    pub fn alerts_numbered(&self, seqs: &[i64]) -> Result<Vec<Alert>, Error> {
        Ok(alerts::numbered(&self.db, seqs)?)
    }

    /// Changes an alert, or the one that it is folded into; both in its history and in the audit
    /// log. Gives the number of the last change, if anything had to be changed.
    pub fn change_alert(
        &mut self,
        seq: i64,
        update: &AlertUpdate,
    ) -> Result<Result<Option<i64>, AlertRefused>, Error> {
        let transaction =
            self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let changed = alert_changes::change(&transaction, seq, update)?;
        transaction.commit()?;
        Ok(changed)
    }

    /// What was changed about an alert, oldest first.
    pub fn changes(&self, seq: i64) -> Result<Vec<Change>, Error> {
        Ok(alert_changes::changes(&self.db, seq)?)
    }

    /// One change of an alert.
    pub fn change(&self, id: i64) -> Result<Option<Change>, Error> {
        Ok(alert_changes::one(&self.db, id)?)
    }

    /// The numbers of the alerts that were changed behind the change `after`, and the number of
    /// the last change.
    pub fn changed_since(&self, after: i64) -> Result<(Vec<i64>, i64), Error> {
        Ok(alert_changes::changed_since(&self.db, after)?)
    }

    /// The number of the last change of an alert; 0 when there is none.
    pub fn last_change(&self) -> Result<i64, Error> {
        Ok(alert_changes::last(&self.db)?)
    }
}

/// Rules and exceptions.
impl Database {
    /// The rules that are on or off whatever the configuration says.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; so with all below.
    pub fn rule_switches(&self) -> Result<Vec<RuleSwitch>, Error> {
        Ok(tuning::switches(&self.db)?)
    }

    /// Switches a rule on or off; `None` leaves it to the configuration.
    pub fn switch_rule(
        &mut self,
        rule: &str,
        enabled: Option<bool>,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let (rule, at) = (rule.to_lowercase(), Timestamp::now());
        let transaction = self.db.transaction()?;
        match enabled {
            Some(enabled) => {
                let (by, reason) = (by.to_owned(), reason.map(str::to_owned));
                let switch = RuleSwitch { rule: rule.clone(), enabled, by, at, reason };
                tuning::switch(&transaction, &switch)?;
            }
            None => tuning::unswitch(&transaction, &rule)?,
        }
        let detail = json!({"enabled": enabled, "reason": reason});
        let audit = Audit { by, action: "rule.switch", target: &rule, detail };
        audit::append(&transaction, at, &audit)?;
        transaction.commit()?;
        Ok(())
    }

    /// The exceptions that stand in the database, oldest first.
    pub fn exceptions(&self) -> Result<Vec<StoredException>, Error> {
        Ok(tuning::exceptions(&self.db)?)
    }

    /// Adds an exception.
    pub fn add_exception(
        &mut self,
        exception: &NewException,
        by: &str,
    ) -> Result<StoredException, Error> {
        let at = Timestamp::now();
        let transaction = self.db.transaction()?;
        let id = tuning::add_exception(&transaction, exception, by, at)?;
        note_exception(&transaction, "exception.create", by, id, exception)?;
        transaction.commit()?;
        Ok(StoredException { id, exception: exception.clone(), by: by.to_owned(), created: at })
    }

    /// Takes an exception away. Gives whether there was one.
    pub fn delete_exception(&mut self, id: i64, by: &str) -> Result<bool, Error> {
        let transaction = self.db.transaction()?;
        let deleted = tuning::delete_exception(&transaction, id)?;
        if let Some(deleted) = &deleted {
            note_exception(&transaction, "exception.delete", by, id, &deleted.exception)?;
        }
        transaction.commit()?;
        Ok(deleted.is_some())
    }
}

fn note_exception(
    db: &rusqlite::Connection,
    action: &str,
    by: &str,
    id: i64,
    exception: &NewException,
) -> rusqlite::Result<()> {
    let NewException { rule, field, values, reason, expires } = exception;
    let detail = json!({
        "rule": rule, "field": field, "values": values, "reason": reason,
        "expires": expires.to_string(),
    });
    let target = id.to_string();
    audit::append(db, Timestamp::now(), &Audit { by, action, target: &target, detail })
}

/// Saved searches.
impl Database {
    /// The saved searches, by name.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; so with all below.
    pub fn searches(&self) -> Result<Vec<SavedSearch>, Error> {
        Ok(searches::list(&self.db)?)
    }

    /// A saved search.
    pub fn search(&self, id: i64) -> Result<Option<SavedSearch>, Error> {
        Ok(searches::one(&self.db, id)?)
    }

    /// Saves a search, or changes the one with the number `id`. `None`: there is no such search,
    /// or another one has this name.
    pub fn save_search(
        &mut self,
        id: Option<i64>,
        search: &NewSearch,
        by: &str,
    ) -> Result<Option<SavedSearch>, Error> {
        let at = Timestamp::now();
        let transaction =
            self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if searches::is_taken(&transaction, &search.name, id)? {
            return Ok(None);
        }
        let (id, action) = match id {
            Some(id) if !searches::update(&transaction, id, search, at)? => return Ok(None),
            Some(id) => (id, "search.change"),
            None => (searches::insert(&transaction, search, by, at)?, "search.create"),
        };
        let saved = searches::one(&transaction, id)?;
        let detail = json!({"name": search.name, "kind": search.kind, "query": search.query});
        let target = id.to_string();
        let audit = Audit { by, action, target: &target, detail };
        audit::append(&transaction, at, &audit)?;
        transaction.commit()?;
        Ok(saved)
    }

    /// Deletes a saved search. Gives whether there was one.
    pub fn delete_search(&mut self, id: i64, by: &str) -> Result<bool, Error> {
        let transaction = self.db.transaction()?;
        let deleted = searches::delete(&transaction, id)?;
        if deleted {
            let target = id.to_string();
            let detail = json!({});
            let audit = Audit { by, action: "search.delete", target: &target, detail };
            audit::append(&transaction, Timestamp::now(), &audit)?;
        }
        transaction.commit()?;
        Ok(deleted)
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;

//! Alerts to where people see them.

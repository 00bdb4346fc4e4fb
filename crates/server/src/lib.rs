//! HTTP: intake, event hooks, metrics and health.

// Before anything is painted: the theme that this browser's user chose, if any.
try {
  const theme = localStorage.getItem("wardgate.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage can be forbidden; then the system's theme it is.
}

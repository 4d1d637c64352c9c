"""What goes on in a process: logs, metrics, traces, readiness, and a doctor for the installation."""

"""What every other folder stands on: errors, files, settings, progress, processes, units, tables and pages."""

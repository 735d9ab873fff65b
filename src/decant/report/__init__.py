"""The parts of `decant.report.report`: a study's folder read into records, its sections, and the page they stand on."""

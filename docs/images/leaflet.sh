#!/usr/bin/env bash
# Makes leaflet-1.png and leaflet-2.png anew: the two pages of the constructed patient's leaflet. Needs poppler-utils.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

"${PYTHON:-../../.venv/bin/python}" -m clinical_commander.cli.main leaflet ../../examples/cases/constructed-mild.yaml --pdf "$made/leaflet.pdf"
pdftoppm -r 80 -png "$made/leaflet.pdf" leaflet

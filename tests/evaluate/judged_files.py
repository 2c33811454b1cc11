"""Makers of judgement files in every form that is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from taco.evaluate.audit.run import Audit, run_audit
from taco.measure.bootstrap import Bootstrap

RELEASE = (
    Path(os.environ.get("TACO_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data") / "taco-release"
)
NO_RELEASE = f"the paper's released outputs are not at {RELEASE}"

FEW = Bootstrap(samples=200, confidence=0.95, seed=1)

ANSWERS = [
    "O tempo hoxe será bo en toda a costa, aínda que pola noite chegará a choiva dende o norte.",
    "Para durmir mellor convén deitarse sempre á mesma hora e non mirar o teléfono na cama.",
    "As plantas precisan auga, luz e unha terra con nutrientes para medrar sas todo o ano.",
    "O mellor xeito de aprender unha lingua é falala cada día con xente que a teña de seu.",
    "Quen quere aforrar debe apuntar o que gasta cada semana e fixar un límite razoable.",
    "A historia da cidade comezou hai dous mil anos, cando os romanos construíron a muralla.",
    "Antes de escribir un programa cómpre pensar que datos entran e que resultados saen.",
    "Unha boa carta formal empeza cun saúdo, explica o motivo e remata cunha despedida.",
    "Se a auga ferve a cen graos, nas montañas altas ferve a menos por mor da presión.",
    "Os cociñeiros do porto preparan o polbo con aceite, sal groso e pemento de Oñati.",
    "Camiñar media hora ao día axuda a manter o corazón forte e a cabeza desperta.",
    "O río nace nunha fonte pequena e chega ao mar despois de cruzar tres vales verdes.",
]


def make_rows(count: int = 12, *, ratings: list[float] | None = None) -> list[dict[str, Any]]:
    """Make rows of the release's form that have nothing wrong: neighbours differ in rating, question and answer."""
    ratings = ratings or [5 + number % 4 for number in range(count)]
    return [
        {
            "id": number,
            "question": f"Pregunta número {number}?",
            "answer": ANSWERS[number - 1],
            "judgement": f"A fair answer. Rating: [[{ratings[number - 1]:g}]]",
            "rating_in_number": float(ratings[number - 1]),
            "got_rating": True,
            "category": ("generic", "coding", "math")[number % 3],
            "turns": f"['Question {number}?']",
        }
        for number in range(1, count + 1)
    ]


def write_raw(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write the raw chains of rows as a folder of text files, in the paper's template."""
    responses = folder / "responses"
    responses.mkdir(parents=True, exist_ok=True)
    for row in rows:
        chain = (
            f"Instruction in English:  Question {row['id']}?.\n{' ' * 24}Response in English: Answer {row['id']}.. \n"
        )
        (responses / f"{row['id']}.txt").write_text(f"{chain}{' ' * 24}Response in Galician: {row['answer']}\n\n")
    return responses


def write_json(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def audit_rows(folder: Path, rows: list[dict[str, Any]], **options: Any) -> Audit:
    """Audit rows as a judgement file in a folder, with what lies in the folder already."""
    return run_audit(write_json(folder / "judgements.json", rows), bootstrap=FEW, **options)


def list_found(audit: Audit) -> list[tuple[str, str]]:
    return [(finding.kind, finding.id) for finding in audit.findings]

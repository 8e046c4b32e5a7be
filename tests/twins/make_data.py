"""The small data files of the twins: ``python -m tests.twins.make_data`` writes them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "data"


def main() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(60)
    pressure = 1 + steps / 100 + 0.05 * np.sin(steps / 3)
    temperature = 20 + 5 * np.sin(steps / 4)
    rows = np.stack([pressure, temperature], axis=1).round(2)
    lines = ["pressure,temperature", *(f"{p:.2f},{t:.2f}" for p, t in rows)]
    (FOLDER / "tanks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    months = (100 + steps + 10 * np.sin(steps / 2)).round().astype(int)
    text = "\n".join(["passengers", *(str(m) for m in months)])
    (FOLDER / "passengers.csv").write_text(text + "\n", encoding="utf-8")
    np.save(FOLDER / "time_first.npy", rows.astype(np.float32))
    np.save(FOLDER / "features_first.npy", rows.T.astype(np.float32).copy())
    beats = [(p, s, 60 + 5 * p + s % 7, 95 + s % 3) for p in range(4) for s in range(20)]
    text = "\n".join(["patient,second,pulse,oxygen", *(",".join(map(str, b)) for b in beats)])
    (FOLDER / "wards.csv").write_text(text + "\n", encoding="utf-8")
    names = [("north", "abba"), ("south", "cac"), ("north", "bab"), ("south", "cc")] * 3
    text = "".join(f"{part}\t{name}\n" for part, name in names)
    (FOLDER / "names.tsv").write_text(text, encoding="utf-8")
    level = rng.random((24, 1), dtype=np.float32).round(2)
    hours = rng.random((24, 5, 2), dtype=np.float32).round(2)
    np.savez_compressed(FOLDER / "tanks.npz", hours=hours, level=level, flat=level[:, 0])
    words = rng.integers(0, 50, (24, 7), dtype=np.int32)
    tags = rng.integers(0, 5, (24, 7), dtype=np.int32)
    np.savez_compressed(
        FOLDER / "sentences.npz",
        words=words,
        words_float=words.astype(np.float32),
        tags=tags,
        tags_float=tags.astype(np.float32),
        tags_one_hot=np.eye(5, dtype=np.float32)[tags],
        topic=tags[:, 0],
        verb=(tags == 1).astype(np.float32)[..., None],
    )
    images = rng.integers(0, 17, (24, 8, 8)).astype(np.float32)
    np.savez_compressed(
        FOLDER / "digits.npz",
        rows=images,
        flat_rows=images.reshape(24, 64),
        label=rng.integers(0, 10, 24, dtype=np.int32),
    )


if __name__ == "__main__":
    main()

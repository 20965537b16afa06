"""Tracking programs, read back with their own means."""

import json
import struct
import time
from collections import defaultdict
from dataclasses import dataclass, field

from grokrfm.trackers import MLflow, TensorBoard, WandB


@dataclass
class Tracked:
    """Content of one run: a number's value in every step, as often as it is there."""

    numbers: dict = field(default_factory=lambda: defaultdict(list))
    parameters: dict = field(default_factory=dict)
    pictures: list = field(default_factory=list)
    status: str = "running"
    error: str = ""


class InTensorBoard:
    """Event files, as TensorBoard reads them."""

    name, package = "tensorboard", "tensorboard"

    def __init__(self, study):
        self.study = study

    def tracker(self):
        return TensorBoard(None)

    def die(self):
        """Forget what a process that was killed had open."""

    def runs(self):
        return {path.name[-16:]: self._run(path) for path in self._folders()}

    def _folders(self):
        return {path.parent for path in self.study.glob("tensorboard/*/events*")}

    def _run(self, path):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.plugins.hparams import api_pb2, metadata

        read = EventAccumulator(str(path), {"scalars": 0, "images": 0, "tensors": 0}).Reload()
        run = Tracked()
        for name in read.Tags()["scalars"]:
            for event in read.Scalars(name):
                run.numbers[name.removeprefix("final/")].append((event.step, event.value))
        if "M" in read.Tags()["images"]:
            run.pictures = [event.step for event in read.Images("M")]
        plugin = read.summary_metadata
        start = metadata.parse_session_start_info_plugin_data(
            plugin[metadata.SESSION_START_INFO_TAG].plugin_data.content
        )
        for name, value in start.hparams.items():
            run.parameters[name] = getattr(value, value.WhichOneof("kind"))
        if metadata.SESSION_END_INFO_TAG in plugin:
            content = plugin[metadata.SESSION_END_INFO_TAG].plugin_data.content
            status = metadata.parse_session_end_info_plugin_data(content).status
            names = {api_pb2.STATUS_SUCCESS: "finished", api_pb2.STATUS_FAILURE: "failed"}
            run.status = names[status]
        if "error" in read.Tags()["tensors"]:
            [event] = read.Tensors("error")
            run.error = event.tensor_proto.string_val[0].decode()
        return run


class InMLflow:
    """Runs in a local database."""

    name, package = "mlflow", "mlflow"

    def __init__(self, study):
        self.study, self.uri = study, f"sqlite:///{study}/mlflow.db"

    def tracker(self):
        return MLflow(self.uri, None)

    def die(self):
        """Nothing is open between two calls."""

    def runs(self):
        import mlflow

        client = mlflow.MlflowClient(self.uri)
        experiment = client.get_experiment_by_name(self.study.name)
        found = client.search_runs([experiment.experiment_id])
        digests = [run.data.tags["grokrfm.digest"] for run in found]
        assert len(set(digests)) == len(found)
        return {digest: self._run(client, run) for digest, run in zip(digests, found, strict=True)}

    def _run(self, client, run):
        numbers = {
            name: sorted(
                (m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)
            )
            for name in run.data.metrics
        }
        images = client.list_artifacts(run.info.run_id, "images")
        steps = {int(image.path.split("+")[2]) for image in images}
        status = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted"}
        tags = run.data.tags
        return Tracked(
            numbers,
            run.data.params,
            sorted(steps),
            status.get(run.info.status, "running"),
            tags["grokrfm.error"],
        )


class InWandB:
    """Files of an offline run, each a log of records in the format of LevelDB."""

    name, package = "wandb tracker.mode=offline", "wandb"

    def __init__(self, study):
        self.study = study

    def tracker(self):
        return WandB(None, None, "offline")

    def die(self):
        import wandb

        wandb.teardown()

    def runs(self):
        paths = self._settled()
        digests = [path.stem[-16:] for path in paths]
        assert len(set(digests)) == len(paths)
        return {digest: self._run(path) for digest, path in zip(digests, paths, strict=True)}

    def _settled(self):
        """The files, once a process of W&B has written what is finished."""
        before = None
        while True:
            paths = list(self.study.glob("wandb/offline-run-*/*.wandb"))
            sizes = [path.stat().st_size for path in paths]
            if sizes == before and min(sizes, default=0) > 7:
                return paths
            before = sizes
            time.sleep(0.3)

    def _run(self, path):
        from wandb.proto.wandb_internal_pb2 import Record

        run = Tracked()
        for data in _entries(path.read_bytes()):
            record = Record.FromString(data)
            if record.HasField("run"):
                run.parameters |= _items(record.run.config.update)
            if record.HasField("history"):
                values = _items(record.history.item)
                step = values.pop("iteration")
                for name, value in values.items():
                    if name == "M":
                        run.pictures.append(step)
                    elif not name.startswith("_"):
                        run.numbers[name].append((step, value))
            if record.HasField("summary"):
                given = [item for item in record.summary.update if item.key]  # not by W&B itself
                summary = {k: x for k, x in _items(given).items() if not k.startswith("_")}
                run.status = summary.pop("status", run.status)
                run.error = summary.pop("error", run.error)
                run.numbers |= {name: [(None, value)] for name, value in summary.items()}
        return run


def _items(items):
    return {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}


def _entries(data):
    """Yield the entries of a log: in blocks of 32 KiB, and in parts where they span several."""
    place, entry = 7, b""  # after the header
    while place + 7 <= len(data):
        if 2**15 - place % 2**15 < 7:  # the rest of a block is padding
            place += 2**15 - place % 2**15
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        entry += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield entry
            entry = b""


BACKENDS = [InTensorBoard, InMLflow, InWandB]

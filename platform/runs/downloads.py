"""What may be taken home from a run: checkpoints, the configuration, the log."""

import uuid
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from core import ranges
from runs import selectors, stored_files
from runs.config_texts import as_yaml
from runs.models import Checkpoint, Run
from runs.stored_files import OutsideRunFolder
from runs.zip_stream import BLOCK, FolderZip

LORA_FILE = "pytorch_lora_weights.safetensors"


@require_GET
def checkpoint_zip(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The whole folder, as the engine can resume from it."""
    checkpoint = get_object_or_404(selectors.visible_checkpoints(request.user), id=checkpoint_id)
    try:
        folder = _folder(checkpoint)
        content = FolderZip(folder, default_storage.walk(folder), at_once=default_storage.is_folder)
    except FileNotFoundError:
        return checkpoint_gone(request, checkpoint)
    return _attachment(aiter(content), _file_name(checkpoint, "zip"), "application/zip")


@require_GET
def checkpoint_lora(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The LoRA alone, as diffusers loads it; or the part of it that the header Range names."""
    checkpoint = get_object_or_404(selectors.visible_checkpoints(request.user), id=checkpoint_id)
    try:
        name = f"{_folder(checkpoint)}/{LORA_FILE}"
        num_bytes = default_storage.num_bytes(name)
        part = ranges.asked_for(request, num_bytes)
        wanted = range(num_bytes) if part is None else part
        file = default_storage.open_from(name, wanted.start)
    except FileNotFoundError:
        return checkpoint_gone(request, checkpoint)
    except ranges.Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{num_bytes}"})
    response = _attachment(_read(file, len(wanted)), _file_name(checkpoint, "safetensors"), "application/octet-stream")
    response["Content-Length"] = str(len(wanted))
    response["Accept-Ranges"] = "bytes"
    if part is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{num_bytes}"
    return response


@require_GET
def run_config(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    headers = {"Content-Disposition": f'attachment; filename="{_stem(run)}.yaml"'}
    return HttpResponse(as_yaml(run.config), content_type="application/yaml; charset=utf-8", headers=headers)


@require_GET
def run_log_text(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The whole log as plain text."""
    run = get_object_or_404(selectors.visible_runs(request.user), id=run_id)
    lines = selectors.visible_log(request.user).filter(run=run).order_by("id")
    return StreamingHttpResponse(_log_blocks(lines), content_type="text/plain; charset=utf-8")


async def _log_blocks(lines) -> AsyncIterator[str]:
    async for line in lines.aiterator(chunk_size=1000):
        yield f"{line.time:%Y-%m-%d %H:%M:%S} {line.level:7} {line.message}\n"


async def _read(file: BinaryIO, num_bytes: int) -> AsyncIterator[bytes]:
    try:
        while num_bytes and (block := await sync_to_async(file.read, thread_sensitive=False)(min(BLOCK, num_bytes))):
            num_bytes -= len(block)
            yield block
    finally:
        file.close()


def _folder(checkpoint: Checkpoint) -> str:
    """The checkpoint's folder in the storage. Raises Http404 for one that lies outside its run."""
    try:
        return stored_files.name_of(checkpoint)
    except OutsideRunFolder:
        raise Http404("This checkpoint lies outside its run folder.") from None


def checkpoint_gone(request: HttpRequest, checkpoint: Checkpoint) -> HttpResponse:
    return render(request, "410.html", {"run": checkpoint.run}, status=410)


def _attachment(content, name: str, content_type: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


def _file_name(checkpoint: Checkpoint, extension: str) -> str:
    return f"{_stem(checkpoint.run)}-{PurePosixPath(checkpoint.path).name}.{extension}"


def _stem(run: Run) -> str:
    return slugify(run.name) or "run"

"""Two one-thread processes that train one model: each takes half of the batch, the gradients are averaged over gloo.

Two processes, because OpenMP over two threads collapses tenfold as soon as another program wants a core. Each runs in
its own session (setsid), because Linux shares the cores out among sessions, not among processes.
"""

import os
import subprocess
import sys
import time

import torch
import torch.distributed as dist

PROCESSES = int(os.environ.get("PROCESSES", "2"))
# glibc would hand every large buffer back to the kernel and page-fault it in again at the next step
KEEP_MEMORY = dict(MALLOC_MMAP_THRESHOLD_="1000000000", MALLOC_TRIM_THRESHOLD_="8000000000")


def join_processes(port):
    """Starts the processes when called outside of them and never returns there; inside returns this process's rank."""
    if "RANK" not in os.environ:
        shared = dict(os.environ, WORLD_SIZE=str(PROCESSES), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1", **KEEP_MEMORY)
        command = [sys.executable] + sys.argv
        children = [subprocess.Popen(command, env=dict(shared, RANK=str(rank)), start_new_session=True) for rank in range(PROCESSES)]
        sys.exit(max(child.wait() for child in children))
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    return dist.get_rank()


def contiguous_norms(model):
    """GroupNorm's backward pass in channels_last is many times slower than in NCHW, and oneDNN hands it channels_last."""
    for module in model.modules():
        if isinstance(module, torch.nn.GroupNorm):
            module.register_forward_pre_hook(lambda module, arguments: (arguments[0].contiguous(),))


class Clock:
    """How much of the training's minutes is over, from 0 to 1, the same in every process."""

    def __init__(self, minutes, seconds_before=0.0):
        self.seconds = minutes * 60
        self.start = time.time() - seconds_before

    def elapsed(self):
        return time.time() - self.start

    def part(self):
        part = torch.tensor([self.elapsed() / self.seconds])
        dist.broadcast(part, 0)
        return part.item()


def average_gradients(parameters, largest_norm=1.0):
    """Averages over the processes and clips the gradient's norm."""
    flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in parameters])
    dist.all_reduce(flat)
    flat /= PROCESSES
    flat *= torch.clamp(largest_norm / (flat.norm() + 1e-6), max=1.0)
    offset = 0
    for p in parameters:
        p.grad = flat[offset:offset + p.numel()].view_as(p).clone()
        offset += p.numel()


def orthogonalised(gradient):
    """Newton-Schulz iteration towards the nearest orthogonal matrix (Jordan et al. 2024, Muon)."""
    x = gradient.bfloat16() / (gradient.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).float()


class Muon:
    """Muon on matrices and convolutions, shared out between the processes; AdamW on the rest."""

    NOT_MATRICES = ("embed", "conv_in", "conv_out")

    def __init__(self, named_parameters, rank, rate, adam_rate):
        is_matrix = lambda name, p: p.ndim >= 2 and not any(part in name for part in self.NOT_MATRICES)
        self.matrices = [p for name, p in named_parameters if is_matrix(name, p)]
        rest = [p for name, p in named_parameters if not is_matrix(name, p)]
        self.momentum = [torch.zeros_like(p) for p in self.matrices]
        self.adam = torch.optim.AdamW(rest, adam_rate, betas=(0.9, 0.98), weight_decay=0.0)
        self.rank = rank
        self.rate = rate
        self.adam_rate = adam_rate

    @torch.no_grad()
    def step(self, factor):
        """`factor` scales both learning rates."""
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * factor
        self.adam.step()
        updates = []
        for i, (p, momentum) in enumerate(zip(self.matrices, self.momentum)):
            momentum.lerp_(p.grad, 0.05)
            if i % PROCESSES != self.rank:
                updates.append(torch.zeros(p.numel()))
                continue
            nesterov = p.grad.lerp(momentum, 0.95).flatten(1)
            scale = max(1, nesterov.shape[0] / nesterov.shape[1]) ** 0.5
            updates.append((orthogonalised(nesterov) * scale).flatten())
        update = torch.cat(updates)
        dist.all_reduce(update)
        offset = 0
        for p in self.matrices:
            p.mul_(1 - self.rate * factor * 0.02)
            p.add_(update[offset:offset + p.numel()].view_as(p), alpha=-self.rate * factor)
            offset += p.numel()

    def state_dict(self):
        return dict(momentum=self.momentum, adam=self.adam.state_dict())

    def load_state_dict(self, state):
        self.momentum = state["momentum"]
        self.adam.load_state_dict(state["adam"])


class Average:
    """Exponential moving average of the parameters, quick to follow at first."""

    def __init__(self, parameters, decay):
        self.parameters = parameters
        self.decay = decay
        self.values = [p.detach().clone() for p in parameters]

    @torch.no_grad()
    def follow(self, step):
        torch._foreach_lerp_(self.values, self.parameters, 1 - min(self.decay, (step + 1) / (step + 10)))

    @torch.no_grad()
    def swap(self):
        """Exchanges the parameters with their average; call it again to go on training."""
        for p, value in zip(self.parameters, self.values):
            kept = p.detach().clone()
            p.copy_(value)
            value.copy_(kept)

"""train_unet.py OUT MINUTES [FROM]: trains U-Net and text encoder together on the latents of OUT/vae; writes OUT/unet, OUT/text_encoder and so on.

FROM is a model folder to go on from, its tokenizer included; without it all starts from nothing.
"""

import os
import random
import shutil
import sys

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from captions import caption
from parallel import PROCESSES, Average, Clock, Muon, average_gradients, contiguous_norms, join_processes
from pictures import HELD_BACK, as_tensor, load_labels, load_pictures
from scenes import LABELS
from tokenizer import MAX_LENGTH, write_tokenizer

BATCH = 24  # latents in each process
PICTURES = int(os.environ.get("PICTURES", "24000"))
TEXT_WIDTH = 160
RATE = float(os.environ.get("RATE", "0.02"))
ADAM_RATE = RATE / 10
DECAYED_PART = float(os.environ.get("DECAYED_PART", "0.6"))  # of the time, at the end, the rate falls to zero
SNR_LIMIT = 5
AVERAGING = 0.997
UNCONDITIONAL = 0.1
NONSENSE = 0.1
SAVE_SECONDS = 420


def new_text_encoder(vocabulary):
    last = vocabulary - 1
    return CLIPTextModel(CLIPTextConfig(vocab_size=vocabulary, hidden_size=TEXT_WIDTH, intermediate_size=3 * TEXT_WIDTH, num_hidden_layers=2,
                                        num_attention_heads=4, max_position_embeddings=MAX_LENGTH, projection_dim=TEXT_WIDTH,
                                        bos_token_id=last - 1, eos_token_id=last, pad_token_id=last))


def new_unet():
    """`attention_head_dim` is, by an old mistake of diffusers, the number of heads."""
    unet = UNet2DConditionModel(sample_size=16, block_out_channels=(64, 128), layers_per_block=1, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=TEXT_WIDTH, attention_head_dim=(2, 4), norm_num_groups=16)
    torch.nn.init.zeros_(unet.conv_out.weight)
    return unet


def new_scheduler():
    return PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)


def training_caption(choose, label, unconditional=UNCONDITIONAL):
    """A fresh caption of the same scene at every visit; now and then with a word that means nothing here."""
    if choose.random() < unconditional:
        return ""
    text = caption(choose, *(names[i] for names, i in zip(LABELS, label)))
    if choose.random() < NONSENSE:
        words = text.split()
        nonsense = "".join(choose.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(choose.randint(2, 7)))
        words.insert(choose.randrange(len(words) + 1), nonsense)
        text = " ".join(words)
    return text.capitalize() + "." if choose.random() < 0.05 else text


def teach_words(tokenize, end, encoder, labels, rank, minutes):
    """A new text encoder first learns to name a caption's attributes, at the end token and at the last pad; the heads are thrown away."""
    heads = torch.nn.ModuleList([torch.nn.Linear(TEXT_WIDTH, len(names)) for names in LABELS])
    parameters = list(encoder.parameters()) + list(heads.parameters())
    optimiser = torch.optim.AdamW(parameters, 2e-3, betas=(0.9, 0.98))
    choose = random.Random(rank)
    clock = Clock(minutes)
    rows = torch.arange(64)
    while (part := clock.part()) < 1:
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - 0.9 * part)
        batch = [choose.choice(labels) for _ in rows]
        ids = tokenize([training_caption(choose, label, 0) for label in batch])
        states = encoder(ids).last_hidden_state
        first_end = (ids == end).float().argmax(1)
        truth = torch.tensor(batch)
        loss = 0
        for j, head in enumerate(heads):
            loss = loss + F.cross_entropy(head(states[rows, first_end]), truth[:, j]) + 0.5 * F.cross_entropy(head(states[:, -1]), truth[:, j])
        optimiser.zero_grad()
        loss.backward()
        average_gradients(parameters)
        optimiser.step()


class Latents:
    """The pictures of one process in random order, encoded at their first visit."""

    def __init__(self, vae, pictures, rank):
        self.vae = vae
        self.pictures = pictures
        self.choose = np.random.RandomState(rank + 100)
        self.order = np.arange(rank, min(PICTURES, len(pictures) - HELD_BACK), PROCESSES)
        self.next = len(self.order)
        self.encoded = {}

    @torch.no_grad()
    def batch(self):
        """Returns the pictures' indices and their latents, [BATCH, 4, 16, 16]."""
        if self.next + BATCH > len(self.order):
            self.order = self.choose.permutation(self.order)
            self.next = 0
        indices = self.order[self.next:self.next + BATCH]
        self.next += BATCH
        new = [i for i in indices if i not in self.encoded]
        if new:
            with torch.autocast("cpu", torch.bfloat16):
                latents = self.vae.encode(as_tensor(self.pictures[np.array(new)])).latent_dist.mode()
            self.encoded.update(zip(new, latents.float() * self.vae.config.scaling_factor))
        return indices, torch.stack([self.encoded[i] for i in indices])


def stratified_timesteps():
    """One timestep from each of BATCH equal parts of the schedule, shuffled."""
    steps = ((torch.arange(BATCH) + torch.rand(BATCH)) / BATCH * 1000).long().clamp(0, 999)
    return steps[torch.randperm(BATCH)]


def main():
    out = sys.argv[1]
    minutes = float(sys.argv[2])
    start = sys.argv[3] if len(sys.argv) > 3 else None
    rank = join_processes(29512)
    torch.manual_seed(11 + rank)
    labels = load_labels("train")
    vae = AutoencoderKL.from_pretrained(out + "/vae", torch_dtype=torch.float32).eval()
    contiguous_norms(vae)
    if rank == 0 and start:
        shutil.copytree(start + "/tokenizer", out + "/tokenizer", dirs_exist_ok=True)
    elif rank == 0:
        write_tokenizer(out + "/tokenizer")
    dist.barrier()
    tokenizer = CLIPTokenizer.from_pretrained(out + "/tokenizer")

    def tokenize(texts):
        return tokenizer(texts, padding="max_length", max_length=MAX_LENGTH, truncation=True, return_tensors="pt").input_ids

    if start:
        encoder = CLIPTextModel.from_pretrained(start + "/text_encoder", dtype=torch.float32)
        unet = UNet2DConditionModel.from_pretrained(start + "/unet", torch_dtype=torch.float32)
    else:
        encoder = new_text_encoder(len(tokenizer))
        unet = new_unet()
        teach_words(tokenize, tokenizer.eos_token_id, encoder, labels, rank, 0.75)
    encoder.train()
    unet.train()
    contiguous_norms(unet)
    unet.set_attn_processor(AttnProcessor())  # flash attention's backward pass on a CPU costs a third of the whole step

    named = list(unet.named_parameters()) + [("text_encoder." + name, p) for name, p in encoder.named_parameters()]
    parameters = [p for _, p in named]
    optimiser = Muon(named, rank, RATE, ADAM_RATE)
    average = Average(parameters, AVERAGING)
    scheduler = new_scheduler()
    alphas = scheduler.alphas_cumprod
    snr = alphas / (1 - alphas)
    weights = snr.clamp(max=SNR_LIMIT) / snr
    latents = Latents(vae, load_pictures("train"), rank)
    choose = random.Random(rank + 5)

    def save():
        average.swap()
        unet.save_pretrained(out + "/unet")
        encoder.save_pretrained(out + "/text_encoder")
        scheduler.save_pretrained(out + "/scheduler")
        average.swap()

    clock = Clock(minutes)
    losses = []
    saved = 0.0
    while (part := clock.part()) < 1:
        step = len(losses)
        indices, clean = latents.batch()
        t = stratified_timesteps()
        alpha = alphas[t].view(-1, 1, 1, 1)
        noise = torch.randn_like(clean)
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
        ids = tokenize([training_caption(choose, labels[i]) for i in indices])
        with torch.autocast("cpu", torch.bfloat16):
            guess = unet(noisy, t, encoder(ids).last_hidden_state).sample
        loss = (((guess.float() - noise) ** 2).mean((1, 2, 3)) * weights[t]).mean()
        for p in parameters:
            p.grad = None
        loss.backward()
        average_gradients(parameters)
        optimiser.step(min(1, (step + 1) / 40) * min(1, max(0.01, (1 - part) / DECAYED_PART)))
        average.follow(step)
        losses.append(loss.item())
        if rank == 0 and step % 50 == 49:
            print(step + 1, (step + 1) * BATCH * PROCESSES, f"{clock.elapsed():.0f} s", f"loss {np.mean(losses[-50:]):.4f}", flush=True)
        if rank == 0 and clock.elapsed() - saved > SAVE_SECONDS:
            save()
            saved = clock.elapsed()
    if rank == 0:
        save()


if __name__ == "__main__":
    main()

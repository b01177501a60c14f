"""train_vae.py OUT MINUTES [FROM]: trains the autoencoder on whole pictures of `train`, from the autoencoder in FROM or from nothing, and writes OUT/vae.

The latents come out white: zero mean, and the identity as covariance at a scaling factor of 0.18215.
"""

import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from parallel import PROCESSES, Average, Clock, Muon, average_gradients, contiguous_norms, join_processes
from pictures import HELD_BACK, as_tensor, load_pictures

BATCH = 4 // PROCESSES  # pictures in each process
RATE = 0.01
ADAM_RATE = 1e-3
KL_WEIGHT = 2e-6
SCALING_FACTOR = 0.18215
SAVE_EVERY = 1500
DECODER_ONLY = os.environ.get("DECODER_ONLY") == "1"


def new_autoencoder():
    return AutoencoderKL(block_out_channels=(16, 32, 64, 96), layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * 4,
                         up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4, norm_num_groups=8, sample_size=128)


def differences(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(output, target):
    """L1 and squared error, and at full, half and quarter size the L1 of the colours and of the edges."""
    loss = F.l1_loss(output, target) + 2 * F.mse_loss(output, target)
    for scale in range(3):
        if scale:
            output = F.avg_pool2d(output, 2)
            target = F.avg_pool2d(target, 2)
            loss = loss + 0.25 * F.l1_loss(output, target)
        loss = loss + 0.5 * sum(F.l1_loss(a, b) for a, b in zip(differences(output), differences(target)))
    return loss


@torch.no_grad()
def whiten(vae, pictures):
    """Folds an affine map of the four latent channels into quant_conv, and its inverse into post_quant_conv.

    Per channel is not enough: unwhitened channels correlate up to -0.94.
    """
    latents = torch.cat([vae.encode(batch).latent_dist.mode() for batch in pictures.split(20)])
    latents = latents.permute(0, 2, 3, 1).reshape(-1, 4).double()
    mean = latents.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(latents.T))
    whitening = (vectors @ torch.diag(values.rsqrt()) @ vectors.T) / SCALING_FACTOR
    print("whitening map", [[round(v, 3) for v in row] for row in (whitening).tolist()], "mean", mean.tolist())
    encode, decode = vae.quant_conv, vae.post_quant_conv
    decode_weight = decode.weight[:, :, 0, 0].double()
    decode.bias += (decode_weight @ mean).float()
    decode.weight[:, :, 0, 0] = (decode_weight @ torch.linalg.inv(whitening)).float()
    encode.weight[:4, :, 0, 0] = (whitening @ encode.weight[:4, :, 0, 0].double()).float()
    encode.bias[:4] = (whitening @ (encode.bias[:4].double() - mean)).float()
    encode.bias[4:] += 2 * torch.log(whitening.diag().abs()).float()


@torch.no_grad()
def psnr(vae, pictures):
    """Mean over the pictures, in dB."""
    output = torch.cat([vae.decode(vae.encode(batch).latent_dist.mode()).sample for batch in pictures.split(16)]).clamp(-1, 1)
    return (10 * torch.log10(4 / ((output - pictures) ** 2).mean((1, 2, 3)))).mean().item()


def main():
    out = sys.argv[1]
    minutes = float(sys.argv[2])
    rank = join_processes(29513 if DECODER_ONLY else 29511)
    torch.manual_seed(7 + rank)
    choose = np.random.RandomState(rank + int(os.environ.get("SEED", "0")))
    pictures = load_pictures("train")
    count = len(pictures) - HELD_BACK
    unseen = as_tensor(pictures[count:count + 128])
    vae = AutoencoderKL.from_pretrained(sys.argv[3], torch_dtype=torch.float32) if len(sys.argv) > 3 else new_autoencoder()
    contiguous_norms(vae)
    if DECODER_ONLY:
        for part in (vae.encoder, vae.quant_conv):
            part.requires_grad_(False)
    named = [(name, p) for name, p in vae.named_parameters() if p.requires_grad]
    parameters = [p for _, p in named]
    optimiser = Muon(named, rank, RATE, ADAM_RATE)
    average = Average(parameters, 0.998)
    if rank == 0:
        print("PSNR before", psnr(vae, unseen), flush=True)
    clock = Clock(minutes)
    losses = []
    while (part := clock.part()) < 1:
        step = len(losses)
        target = as_tensor(pictures[np.sort(choose.randint(0, count, BATCH))])
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(target).latent_dist
            latent = posterior.mode() if DECODER_ONLY else posterior.sample()
            output = vae.decode(latent).sample
        loss = reconstruction_loss(output.float(), target)
        if not DECODER_ONLY:
            loss = loss + KL_WEIGHT * posterior.kl().mean()
        for p in parameters:
            p.grad = None
        loss.backward()
        average_gradients(parameters)
        optimiser.step(min(1, (step + 1) / 50) * max(0.01, 1 - part))
        average.follow(step)
        losses.append(loss.item())
        if rank == 0 and step % 200 == 199:
            print(step + 1, f"{clock.elapsed():.0f} s", f"loss {np.mean(losses[-200:]):.4f}", flush=True)
        if rank == 0 and step % SAVE_EVERY == SAVE_EVERY - 1:
            average.swap()
            print("PSNR", psnr(vae, unseen), flush=True)
            vae.save_pretrained(out + "/vae-unwhitened")
            average.swap()
    if rank != 0:
        return
    average.swap()
    vae.eval()
    if not DECODER_ONLY:
        whiten(vae, as_tensor(pictures[:count:150]))
    vae.register_to_config(scaling_factor=SCALING_FACTOR)
    print("PSNR", psnr(vae, unseen))
    vae.save_pretrained(out + "/vae")


if __name__ == "__main__":
    main()

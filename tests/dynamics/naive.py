"""A training written out episode by episode, as an oracle and for the benchmark."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from grokrfm.dynamics.loop import initial
from grokrfm.dynamics.training import DTYPES


def naive_training(run):
    """Reconstruction losses of all updates, and the module, of a run with one restart."""
    training, [member] = run.training, run.members()
    module = initial(member).to(DTYPES[training.dtype])
    networks = torch.optim.Adam([*module.encoder.parameters(), *module.decoder.parameters()])
    actions = torch.optim.Adam(module.actions.parameters())
    losses = []
    for update in range(training.updates):
        share = update / training.updates
        networks.param_groups[0]["lr"] = training.rates[0].at(share)
        actions.param_groups[0]["lr"] = training.rates[1].at(share)
        reconstruction, consistency, count, turned = 0, 0, 0, []
        if update % 50 == 0:
            walk = member.walk(training, update // 50)
        first = update % 50 * training.episodes
        frames_of = run.environment.render
        for episode in range(first, first + training.episodes):
            frames = frames_of(torch.as_tensor(walk.states[episode])).to(DTYPES[training.dtype])
            latent = normalize(module.encoder(frames[0]), dim=0)
            for t, frame in enumerate(frames):
                if t:
                    action = torch.as_tensor(walk.actions[episode, t - 1])
                    given = walk.angles
                    angle = None if given is None else torch.as_tensor(given[episode, t - 1])
                    matrix, plane_angles = module.actions(action, angle)
                    latent = matrix @ latent
                    turned.append(plane_angles)
                if walk.valid is None or walk.valid[episode][t]:
                    logits = module.decoder(latent)
                    reconstruction += binary_cross_entropy_with_logits(logits, frame)
                    consistency += (normalize(module.encoder(frame), dim=0) - latent).square().sum()
                    count += 1
        squares = torch.stack(turned).square()
        entanglement = (squares.sum(-1) - squares.amax(-1)).mean()
        weights = run.model.weights(share)
        loss = reconstruction / count + weights["entanglement"] * entanglement
        loss = loss + weights["consistency"] * consistency / count
        networks.zero_grad()
        actions.zero_grad()
        loss.backward()
        networks.step()
        actions.step()
        losses.append((reconstruction / count).item())
    return losses, module

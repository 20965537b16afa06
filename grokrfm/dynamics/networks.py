from torch import nn
def networks(shape, latent, hidden, decoder_inputs=None):
    P=shape[0]
    return nn.Sequential(nn.Linear(P,hidden),nn.ReLU(),nn.Linear(hidden,latent)), nn.Sequential(nn.Linear(decoder_inputs or latent,hidden),nn.ReLU(),nn.Linear(hidden,P))

"""Makes the sandbox's base model from nothing: pictures, autoencoder, text encoders, flow transformer, in this order."""

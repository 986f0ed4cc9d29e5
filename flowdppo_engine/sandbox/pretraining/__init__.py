"""Makes the base model from nothing: pictures, autoencoder, text encoders, flow transformer, in this order."""
